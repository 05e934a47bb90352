"""How long ONNX Runtime takes for one picture, on one thread: the median of 15 runs, in ms.

    python3 core/onnx/testdata/peer.py mine.onnx ...

beside `padlab bench --mode inference --workers 1 --net mine.onnx`. Needs onnxruntime and numpy from pip.
"""
import statistics
import sys
import time

import numpy
import onnxruntime

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
for path in sys.argv[1:]:
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    given = session.get_inputs()[0]
    shape = [d if isinstance(d, int) else 1 if i == 0 else 224 for i, d in enumerate(given.shape)]
    picture = numpy.random.default_rng(1).random(shape, dtype=numpy.float32)
    times = []
    for _ in range(15):
        begin = time.perf_counter()
        session.run(None, {given.name: picture})
        times.append(1e3 * (time.perf_counter() - begin))
    print(f"{path}: {statistics.median(times):.2f} ms (onnxruntime {onnxruntime.__version__})")
