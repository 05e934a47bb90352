# Reference values of statistics_test.go, by SciPy: pip install scipy; python statistics.py
import numpy, scipy
from scipy import stats

print("numpy", numpy.__version__, "scipy", scipy.__version__)
cases = {
    "three": [0.5, 0.25, 0.375],
    "five": [0.61, 0.58, 0.63, 0.55, 0.6],
    "ten": [0.12, -0.05, 0.31, 0.22, 0.08, 0.19, -0.11, 0.27, 0.04, 0.15],
    "ties": [0.25, 0.25, -0.25, 0.5, 0.25, -0.5, 0.25, 0.0],
    "one way": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6],
}
for name, values in cases.items():
    a = numpy.array(values)
    low, high = stats.t.interval(0.95, len(a) - 1, loc=a.mean(), scale=stats.sem(a))
    p = stats.permutation_test((a,), lambda x, axis: abs(numpy.sum(x, axis=axis)), permutation_type="samples",
                               vectorized=True, n_resamples=numpy.inf, alternative="greater").pvalue
    print(f"{name}: mean {a.mean():.12f} low {low:.9f} high {high:.9f} p {p!r}")
