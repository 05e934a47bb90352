#!/usr/bin/python3
"""Writes resample.json: parts of pictures scaled by PyTorch, for resample_test.go.

    env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE /usr/bin/python3 core/images/testdata/resample.py

Debian's python3-torch 1.13.0 and python3-numpy 1.24.2: F.interpolate of the part
that was cut out, bilinear and smoothed (antialias), corners not aligned, float64.
Pictures are H×W×C bytes; a box is y, x, height, width.
"""
import json
import os

import numpy as np
import torch
import torch.nn.functional as F

rng = np.random.default_rng(1)
cases = []
for (h, w, c), (y, x, bh, bw), to in [
    ((7, 9, 3), (0, 0, 7, 9), (7, 9)),
    ((7, 9, 3), (0, 0, 7, 9), (14, 18)),
    ((8, 8, 1), (0, 0, 8, 8), (4, 4)),
    ((11, 13, 1), (0, 0, 11, 13), (3, 5)),
    ((12, 10, 3), (2, 1, 7, 8), (5, 5)),
    ((12, 10, 3), (5, 3, 7, 7), (9, 6)),
    ((9, 16, 1), (1, 4, 5, 12), (11, 4)),
    ((13, 13, 2), (6, 6, 1, 1), (3, 2)),
    ((13, 13, 2), (0, 12, 13, 1), (1, 1)),
    ((20, 20, 1), (1, 0, 19, 20), (2, 7)),
]:
    picture = rng.integers(0, 256, (h, w, c))
    part = torch.tensor(picture[y:y + bh, x:x + bw]).permute(2, 0, 1)[None].double() / 255
    scaled = F.interpolate(part, to, mode="bilinear", align_corners=False, antialias=True)[0].permute(1, 2, 0)
    cases.append({"shape": [h, w, c], "box": [y, x, bh, bw], "to": list(to), "picture": picture.ravel().tolist(), "scaled": [round(v, 12) for v in scaled.ravel().tolist()]})

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "resample.json"), "w") as f:
    f.write("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]\n")
