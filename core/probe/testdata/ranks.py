#!/usr/bin/python3
"""Writes ranks.json: rank correlations by numpy, for score_test.go.

    env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE /usr/bin/python3 core/probe/testdata/ranks.py

Debian's python3-numpy 1.24.2. A rank is the number of smaller values, plus half
of one more than the number of equal ones, counted pair by pair; the correlation
is np.corrcoef's, in float64. Values are exact in float32.
"""
import json
import os

import numpy as np

rng = np.random.default_rng(1)
cases = []


def ranks(x):
    return (x[:, None] > x).sum(1) + (1 + (x[:, None] == x).sum(1)) / 2


def case(what, prediction, target):
    prediction, target = (np.asarray(x, np.float32).ravel() for x in (prediction, target))
    rho = np.corrcoef(ranks(prediction), ranks(target))[0, 1]
    cases.append({"what": what, "prediction": prediction.tolist(), "target": target.tolist(), "rho": rho})


x, y = rng.standard_normal((2, 40))
case("unrelated", x, y)
case("related", x + y, y)
case("against each other", y / 4 - x, x)
case("a monotone function", np.exp(3 * x), x)
case("many ties", rng.integers(0, 3, 60), rng.integers(-2, 2, 60))
case("ties on one side", rng.integers(0, 4, 50), np.arange(50))
case("one that differs", np.arange(12) == 7, np.arange(12))
case("two values", [5, -5], [1, 2])
case("zeros of both signs", [-0.0, 0.0, 1, -1, 0.0], [1, 2, 3, 4, 5])
case("large and small", x * 2.0 ** rng.integers(-60, 60, 40), y)

side = 12
rows, cols = np.mgrid[:side, :side]
maps = {
    "H": cols / (side - 1),
    "HS": (1 + np.cos(2 * np.pi * 2.5 * rows / side)) / 2,
    "G": np.exp(-((cols - side / 2) ** 2 + (rows - side / 2) ** 2) / (2 * (127 / 256 * side) ** 2)),
}
for name, target in maps.items():
    target = target.astype(np.float32)
    case("a noisy " + name, target + 0.5 * rng.standard_normal(target.shape), target)
    case(name + " in five steps", np.floor(target * 5), target)

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "ranks.json"), "w") as f:
    f.write("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]\n")
