"""Writes torch.json: what PyTorch computes, in float64, for torch_test.go.

    python3 fixtures.py > torch.json

Inputs and weights are not stored: both sides draw them with fill, whose values
are exact in float32. Everything is in PyTorch's order (NCHW, OIHW). Results are
rounded to nine digits. The committed file was written by PyTorch 1.13.
"""

import json

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)


def fill(seed, *shape, scale=1.0):
    """Multiples of 2^-15 in [-1, 1), times scale: a linear congruence (Knuth's
    constants), its upper half."""
    n = 1
    for d in shape:
        n *= d
    s, values = seed * 2654435761 % 2**32, []
    for _ in range(n):
        s = (s * 1664525 + 1013904223) % 2**32
        values.append(((s >> 16) / 32768 - 1) * scale)
    return torch.tensor(values).reshape(shape)


def dump(t):
    return {"shape": list(t.shape), "data": [float("%.9g" % v) for v in t.detach().reshape(-1).tolist()]}


cases = []


def case(kind, x_shape, module, **spec):
    """One layer: y for x = fill(1), and with dy = fill(2) the gradients of x and
    of the parameters, which are fill(3), fill(4), … in their order."""
    x = fill(1, *x_shape).requires_grad_()
    params = list(module.parameters()) if isinstance(module, nn.Module) else []
    with torch.no_grad():
        for i, p in enumerate(params):
            p.copy_(fill(3 + i, *p.shape))
    y = module(x)
    c = {"kind": kind, "spec": spec, "x": list(x_shape), "y": dump(y)}
    grads = torch.autograd.grad((y * fill(2, *y.shape)).sum(), [x] + params)
    c["dx"], c["dw"] = dump(grads[0]), [dump(g) for g in grads[1:]]
    if kind == "batchnorm":
        c["state"] = [dump(module.running_mean), dump(module.running_var)]
    cases.append(c)


def conv(x_shape, filters, size, padding=(0, 0), mode="zeros", stride=1, dilation=1, groups=1, bias=True):
    case("conv", x_shape,
         nn.Conv2d(x_shape[1], filters, size, stride, padding, dilation, groups, bias, mode),
         filters=filters, size=size, padding=list(padding), mode=mode, stride=stride, dilation=dilation, groups=groups, bias=bias)


for mode in "zeros", "reflect", "replicate", "circular":
    conv((2, 3, 6, 5), 4, 3, (1, 1), mode)
    conv((2, 2, 5, 7), 3, 3, (1, 2), mode, stride=2)
    conv((1, 4, 7, 6), 6, 3, (3, 2), mode, dilation=2, groups=2, bias=False)
    conv((1, 3, 8, 8), 3, 5, (2, 2), mode, stride=3, groups=3)
conv((2, 3, 5, 6), 4, 3)
conv((2, 3, 5, 6), 4, 1, stride=2, bias=False)

for shape in (4, 3, 3, 5), (6, 5, 1, 1):
    case("batchnorm", shape, nn.BatchNorm2d(shape[1]))
norm = nn.BatchNorm2d(3)
with torch.no_grad():
    norm.running_mean.copy_(fill(8, 3))
    norm.running_var.copy_(fill(9, 3) + 1.5)
case("batchnorm eval", (2, 3, 4, 5), norm.eval())
for groups in 1, 2, 6:
    case("groupnorm", (2, 6, 3, 4), nn.GroupNorm(groups, 6), groups=groups)

for size, stride, padding, ceil in (2, 2, 0, False), (2, 2, 0, True), (3, 2, 0, False), (3, 2, 0, True), (3, 2, 1, False), (3, 2, 1, True), (3, 1, 1, False), (2, 3, 1, True), (5, 3, 2, True):
    for shape in (2, 2, 7, 6), (1, 2, 8, 9):
        spec = dict(size=size, stride=stride, pad=padding, ceil=ceil)
        case("maxpool", shape, nn.MaxPool2d(size, stride, padding, ceil_mode=ceil), **spec)
        for inside in False, True:
            case("avgpool", shape, nn.AvgPool2d(size, stride, padding, ceil, not inside), inside=inside, **spec)
case("gap", (2, 3, 4, 5), nn.AdaptiveAvgPool2d(1))
case("gmp", (2, 3, 4, 5), nn.AdaptiveMaxPool2d(1))

case("relu", (2, 3, 4, 5), nn.ReLU())
case("leakyrelu", (2, 3, 4, 5), nn.LeakyReLU(0.01), slope=0.01)
case("sigmoid", (2, 3, 4, 5), lambda x: torch.sigmoid(8 * x), factor=8)
case("linear", (3, 2, 3, 4), nn.Sequential(nn.Flatten(), nn.Linear(24, 5)), filters=5)
for h, w in (4, 5), (7, 9), (2, 3), (1, 11), (8, 10), (3, 1):
    for corners in False, True:
        case("resize", (2, 2, 4, 5), lambda x: F.interpolate(x, (h, w), mode="bilinear", align_corners=corners), h=h, w=w, corners=corners)


def loss(kind, z_shape, f, **spec):
    """A loss: its value for z = 4·fill(1), and its gradient."""
    z = fill(1, *z_shape, scale=4.0).requires_grad_()
    l = f(z)
    cases.append({"kind": kind, "spec": spec, "x": list(z_shape), "loss": l.item(), "dx": dump(torch.autograd.grad(l, z)[0])})


def labels(n, classes):
    return [(7 * i * i + i // 3) % classes for i in range(n)]


for weighted in False, True:
    for shape in (5, 4), (2, 3, 4, 5):
        n = shape[0] * (1 if len(shape) == 2 else shape[2] * shape[3])
        weights = (fill(6, shape[1]) + 1.25).tolist() if weighted else None
        target = torch.tensor(labels(n, shape[1])).reshape(shape[:1] + shape[2:])
        loss("cross entropy", shape, lambda z: F.cross_entropy(z, target, None if weights is None else torch.tensor(weights)), weighted=weighted)


class Block(nn.Module):
    """A residual block whose shortcut is a strided convolution."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 4, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(4)
        self.conv2 = nn.Conv2d(4, 6, 3, 2, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(6)
        self.conv3 = nn.Conv2d(6, 6, 3, 1, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(6)
        self.short = nn.Conv2d(4, 6, 1, 2, bias=False)
        self.bn4 = nn.BatchNorm2d(6)
        self.linear = nn.Linear(6, 10)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(x)))
        y = self.bn3(self.conv3(y))
        return self.linear(F.relu(y + self.bn4(self.short(x))).mean((2, 3)))


def network_s():
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, 1, 1), nn.ReLU(), nn.Conv2d(16, 32, 3, 1, 1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 32, 3, 1, 1), nn.ReLU(), nn.Conv2d(32, 64, 3, 1, 1), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def norms():
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, 1, 1, padding_mode="circular", bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 8, 3, 1, 1, padding_mode="reflect", bias=False), nn.BatchNorm2d(8), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10))


def train(name, net, batch=8):
    """Ten losses on one batch, x = fill(100) with labels 3i mod 10. Weights are
    fill(3), …, scaled by the power of two next below 2/√fan-in; those of norms
    are 1 + fill/4, biases fill/4."""
    with torch.no_grad():
        for i, (key, p) in enumerate(net.named_parameters()):
            if p.dim() > 1:
                fan_in, scale = p[0].numel(), 2.0
                while scale * scale * fan_in > 4:
                    scale /= 2
                p.copy_(fill(3 + i, *p.shape, scale=scale))
            elif key.endswith("weight"):
                p.copy_(1 + fill(3 + i, *p.shape, scale=0.25))
            else:
                p.copy_(fill(3 + i, *p.shape, scale=0.25))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.125, momentum=0.9)
    losses = []
    x = fill(100, batch, 3, 16, 16)
    target = torch.tensor([3 * i % 10 for i in range(batch)])
    for _ in range(10):
        optimizer.zero_grad()
        l = F.cross_entropy(net(x), target)
        l.backward()
        optimizer.step()
        losses.append(float("%.9g" % l.item()))
    cases.append({"kind": "train " + name, "losses": losses})


train("S", network_s())
train("norms", norms())
train("residual", Block())

print("{\"torch\": %s, \"cases\": [" % json.dumps(torch.__version__))
print(",\n".join(json.dumps(c, separators=(",", ":")) for c in cases))
print("]}")
