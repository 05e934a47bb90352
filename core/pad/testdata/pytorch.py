#!/usr/bin/python3
"""Writes pytorch.json: pictures padded by numpy and PyTorch, for pytorch_test.go.

    env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE /usr/bin/python3 core/pad/testdata/pytorch.py

Debian's python3-torch 1.13.0 and python3-numpy 1.24.2. Pictures are H×W×C of
small integers, so that copies are exact; gradients are those of Σ y·g with
integers g. For the schemes of local means and for resize all is float64.
"""
import json
import os

import numpy as np
import torch
import torch.nn.functional as F

rng = np.random.default_rng(1)
cases = []


def picture(h, w, c):
    return rng.integers(-9, 10, (h, w, c)).astype(np.float64)


def nchw(x):
    return torch.tensor(x).permute(2, 0, 1)[None].clone()


def hwc(x):
    return x[0].permute(1, 2, 0).detach().numpy()


def case(scheme, by, sides, x, y, g=None, dx=None):
    cases.append({"scheme": scheme, "by": by, "sides": sides, "shape": list(x.shape), "x": x.ravel().tolist(), "y": y.ravel().tolist(),
                  "g": [] if g is None else g.ravel().tolist(), "dx": [] if dx is None else dx.ravel().tolist()})


# top, bottom, left, right
SIDES = [(1, 1, 1, 1), (2, 0, 1, 3), (0, 0, 2, 2), (3, 2, 0, 1)]
for sides in SIDES:
    t, b, l, r = sides
    for scheme, mode in (("zeros", "constant"), ("replicate", "edge"), ("reflect", "reflect"), ("symmetric", "symmetric"), ("circular", "wrap")):
        x = picture(4, 5, 2)
        case(scheme, "numpy.pad", sides, x, np.pad(x, ((t, b), (l, r), (0, 0)), mode=mode))
    for scheme, mode in (("zeros", "constant"), ("replicate", "replicate"), ("reflect", "reflect"), ("circular", "circular"), ("constant(0.5)", "constant")):
        x = picture(5, 4, 3)
        leaf = nchw(x).requires_grad_()
        args = {"value": 0.5} if scheme == "constant(0.5)" else {}
        y = F.pad(leaf, (l, r, t, b), mode=mode, **args)
        g = picture(*hwc(y).shape)
        (y * nchw(g)).sum().backward()
        case(scheme, "torch pad", sides, x, hwc(y), g, hwc(leaf.grad))
for sides in SIDES:
    t, b, l, r = sides
    x = picture(6, 5, 2)
    leaf = nchw(x).requires_grad_()
    y = F.interpolate(leaf, (6 + t + b, 5 + l + r), mode="bilinear", align_corners=False)
    g = picture(*hwc(y).shape)
    (y * nchw(g)).sum().backward()
    case("resize", "torch interpolate", sides, x, hwc(y), g, hwc(leaf.grad))
# Distribution padding: Nguyen et al., ICIP 2019.
for p, (h, w) in ((1, (5, 7)), (2, (8, 6)), (3, (7, 9)), (1, (3, 3))):
    for scheme in ("mean-interp", "mean-ref"):
        x = picture(h, w, 2)
        leaf = nchw(x).requires_grad_()
        means = F.avg_pool2d(leaf, 2 * p + 1, 1)
        if scheme == "mean-interp":
            y = F.interpolate(means, (h + 2 * p, w + 2 * p), mode="bilinear", align_corners=False).detach()
        else:
            y = F.pad(F.interpolate(means, (h, w), mode="bilinear", align_corners=False), (p,) * 4, mode="reflect").detach()
        inside = torch.zeros_like(y)
        inside[:, :, p:p + h, p:p + w] = 1
        y = y * (1 - inside) + F.pad(leaf, (p,) * 4)
        g = picture(*hwc(y).shape)
        (y * nchw(g)).sum().backward()
        case(scheme, "torch avg_pool2d and interpolate", (p, p, p, p), x, hwc(y), g, hwc(leaf.grad))

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "pytorch.json"), "w") as f:
    f.write("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]\n")
