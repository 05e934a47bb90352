"""Makes small networks, as PyTorch's two exporters write them, and what ONNX
Runtime makes of one picture each; and of two real networks what ONNX Runtime
makes of a picture of numbers.

    python fixtures.py [FOLDER]

writes NAME.onnx (with NAME.onnx.data beside one of them) and cases.json here;
FOLDER has resnet20_cifar10.onnx and squeezenet1_0_imagenet_deepcompression.onnx,
and gives real.json. Made with torch 2.15, onnxruntime 1.32.
"""
import json, os, sys, warnings
import numpy as np
import onnxruntime as ort
import torch
from torch import nn
from torch.nn import functional as F

warnings.filterwarnings("ignore")
here = os.path.dirname(os.path.abspath(__file__))


class Residual(nn.Module):
    """Strided block with batch norms, a shortcut, global average, linear."""
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 6, 3, 2, 1, bias=False), nn.BatchNorm2d(6)
        self.conv2, self.bn2 = nn.Conv2d(6, 6, 3, 1, 1, bias=False), nn.BatchNorm2d(6, eps=1e-3)
        self.down = nn.Conv2d(3, 6, 1, 2)
        self.pool, self.fc = nn.MaxPool2d(3, 2, 1), nn.Linear(6, 5)

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        y = self.pool(F.relu(y + self.down(x)))
        return self.fc(y.mean((2, 3)))


class Mobile(nn.Module):
    """Depth-wise, hard swish, squeeze and excitation, ReLU6, TensorFlow's same."""
    def __init__(self):
        super().__init__()
        self.up, self.dw, self.down = nn.Conv2d(3, 8, 1), nn.Conv2d(8, 8, 3, 2, groups=8), nn.Conv2d(8, 8, 1)
        self.s1, self.s2, self.fc = nn.Conv2d(8, 2, 1), nn.Conv2d(2, 8, 1), nn.Linear(8 * 8 * 8, 4)

    def forward(self, x):
        x = F.hardswish(self.up(x))
        x = F.silu(self.dw(F.pad(x, (0, 1, 0, 1))))
        x = x * F.hardsigmoid(self.s2(F.relu(self.s1(F.adaptive_avg_pool2d(x, 1)))))
        return self.fc(torch.flatten(F.relu6(self.down(x)), 1))


class Inception(nn.Module):
    """Branches with kernels of 1×5 and 5×1, average pools, a dilation, groups."""
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 4, (1, 5), padding=(0, 2)), nn.Conv2d(4, 4, (5, 1), (2, 1), (2, 0))
        self.c = nn.Conv2d(3, 4, 3, (2, 1), 2, dilation=2, groups=1)
        self.d, self.e = nn.Conv2d(8, 8, 3, padding=1, groups=4), nn.Conv2d(11, 6, 1)

    def forward(self, x):
        y = torch.cat([self.b(F.leaky_relu(self.a(x), .2)), self.c(x)], 1)
        y = F.elu(self.d(y))
        z = F.avg_pool2d(F.pad(x, (1, 1, 1, 1), mode="reflect"), 3, (2, 1))
        return self.e(torch.cat([y, z], 1)).flatten(2).max(2)[0]


class UNet(nn.Module):
    """Down and up again: transposed convolution, enlarging twice, a skip."""
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 6, 3, 2, 1, padding_mode="circular")
        self.t, self.c, self.n = nn.ConvTranspose2d(6, 4, 3, 2, 1, 1), nn.Conv2d(12, 2, 3, padding=1, padding_mode="replicate"), nn.GroupNorm(2, 6)

    def forward(self, x):
        a = F.relu(self.a(x))
        b = F.gelu(self.n(self.b(a)))
        up = F.interpolate(b[:, :4], scale_factor=2, mode="bilinear", align_corners=False)
        near = F.interpolate(b[:, 2:], size=(16, 16), mode="nearest")
        return torch.sigmoid(self.c(torch.cat([a, self.t(b) + up, near], 1)))


class ConvNeXt(nn.Module):
    """Layer norm over channels that lie last, a linear layer per pixel, GELU, scale."""
    def __init__(self):
        super().__init__()
        self.stem, self.dw = nn.Conv2d(3, 8, 4, 4), nn.Conv2d(8, 8, 7, padding=3, groups=8)
        self.norm, self.up, self.down = nn.LayerNorm(8), nn.Linear(8, 16), nn.Linear(16, 8)
        self.gamma, self.fc = nn.Parameter(torch.rand(8)), nn.Linear(8, 3)

    def forward(self, x):
        x = self.stem(x)
        y = self.down(F.gelu(self.up(self.norm(self.dw(x).permute(0, 2, 3, 1)))))
        x = x + (self.gamma * y).permute(0, 3, 1, 2)
        return self.fc(x.mean((-2, -1)))


class Attention(nn.Module):
    """Channels shuffled, tokens that look at each other, a class token."""
    def __init__(self):
        super().__init__()
        self.stem, self.qkv, self.out = nn.Conv2d(3, 8, 4, 4), nn.Linear(8, 24), nn.Linear(8, 8)
        self.token, self.place, self.fc = nn.Parameter(torch.rand(1, 1, 8)), nn.Parameter(torch.rand(1, 17, 8)), nn.Linear(8, 3)

    def forward(self, x):
        x = self.stem(x)
        n, c, h, w = x.shape
        x = x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)
        x = x.flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(n, -1, -1), x], 1) + self.place
        q, k, v = self.qkv(x).reshape(n, 17, 3, 2, 4).permute(2, 0, 3, 1, 4).unbind(0)
        x = x + self.out(((q @ k.transpose(-2, -1)) * .5).softmax(-1).matmul(v).transpose(1, 2).reshape(n, 17, 8))
        return F.log_softmax(self.fc(F.normalize(x[:, 0], dim=-1)), -1)


def numbers(n):
    """The same in Go: multiples of 2⁻¹⁶ from −½ to ½."""
    return (((np.arange(n, dtype=np.uint64) * np.uint64(2654435761)) % np.uint64(1 << 32)) >> np.uint64(16)).astype(np.float32) / 65536 - np.float32(.5)


def answer(path, shape):
    session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    x = numbers(int(np.prod(shape))).reshape(shape)
    y = session.run(None, {session.get_inputs()[0].name: x})[0]
    return {"in": list(shape), "out": list(y.shape), "y": [float("%.8g" % v) for v in y.ravel()]}


if __name__ == "__main__":
    cases = {}
    for kind in (Residual, Mobile, Inception, UNet, ConvNeXt, Attention):
        torch.manual_seed(1)
        net = kind().eval()
        with torch.no_grad():
            for m in net.modules():
                if isinstance(m, nn.BatchNorm2d):
                    m.running_mean.uniform_(-.2, .2)
                    m.running_var.uniform_(.5, 1.5)
        x = torch.rand(1, 3, 16, 16)
        for dynamo in (False, True):
            name = kind.__name__.lower() + ("-dynamo" if dynamo else "")
            path = os.path.join(here, name + ".onnx")
            if dynamo:
                torch.onnx.export(net, (x,), path, dynamo=True, verbose=False, external_data=kind is Residual, optimize=True)
                import onnx
                m = onnx.load(path, load_external_data=False)
                for n in m.graph.node:  # where in a source file it came from
                    del n.metadata_props[:]
                    n.doc_string = ""
                del m.graph.value_info[:], m.graph.metadata_props[:]
                for v in list(m.graph.input) + list(m.graph.output):
                    del v.metadata_props[:]
                for v in m.graph.initializer:
                    del v.metadata_props[:]
                open(path, "wb").write(m.SerializeToString())
            else:
                torch.onnx.export(net, (x,), path, dynamo=False, opset_version=13 if kind is Attention else 17, input_names=["x"],
                                  dynamic_axes={"x": {0: "n"}}, training=torch.onnx.TrainingMode.EVAL, do_constant_folding=kind is not Residual)
            cases[name] = answer(path, (1, 3, 16, 16))
    json.dump(cases, open(os.path.join(here, "cases.json"), "w"), separators=(",", ":"))
    if len(sys.argv) > 1:
        real = {n: answer(os.path.join(sys.argv[1], n + ".onnx"), (1, 3, s, s)) for n, s in
                (("resnet20_cifar10", 32), ("squeezenet1_0_imagenet_deepcompression", 224))}
        json.dump(real, open(os.path.join(here, "real.json"), "w"), separators=(",", ":"))
