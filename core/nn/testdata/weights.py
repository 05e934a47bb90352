"""Writes weights.safetensors, a small network of torch.nn in the state that a
training step left, and weights.json: what it makes of some pictures, in
evaluation mode, in float64. For weights_test.go to compare with.

    python3 core/nn/testdata/weights.py

The file is as torch.nn.DataParallel would have it: "module." before the names,
and the integer counters of batch normalisation.
"""

import json
import os
import struct

import torch
from torch import nn

torch.manual_seed(1)


class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 4, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(4)
        self.conv2 = nn.Conv2d(4, 6, 2, groups=2, bias=False)
        self.bn2 = nn.BatchNorm2d(6)
        self.fc1 = nn.Linear(6 * 2 * 3, 7)
        self.fc2 = nn.Linear(7, 5)

    def forward(self, x):
        x = torch.relu(self.bn1(self.conv1(x)))
        x = nn.functional.max_pool2d(x, 2)
        x = torch.relu(self.bn2(self.conv2(x)))
        x = torch.relu(self.fc1(torch.flatten(x, 1)))
        return self.fc2(x)


net = Small()
net(torch.randn(8, 3, 6, 8) + 1).square().mean().backward()
with torch.no_grad():
    for p in net.parameters():
        p -= 0.1 * p.grad

state = {"module." + name: t for name, t in net.state_dict().items()}
header, data = {}, b""
for name, t in state.items():
    raw = t.contiguous().numpy().tobytes()
    dtype = {torch.float32: "F32", torch.int64: "I64"}[t.dtype]
    header[name] = {"dtype": dtype, "shape": list(t.shape), "data_offsets": [len(data), len(data) + len(raw)]}
    data += raw
text = json.dumps(header, separators=(",", ":")).encode()
text += b" " * (-len(text) % 8)

here = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(here, "weights.safetensors"), "wb") as f:
    f.write(struct.pack("<Q", len(text)) + text + data)

pictures = (torch.randn(3, 3, 6, 8, dtype=torch.float64) * 1024).round() / 1024
with torch.no_grad():
    outputs = net.double().eval()(pictures)
with open(os.path.join(here, "weights.json"), "w") as f:
    f.write('{"torch": %s,\n' % json.dumps(torch.__version__))
    f.write('"pictures": %s,\n' % json.dumps(pictures.permute(0, 2, 3, 1).flatten(1).tolist()))
    f.write('"outputs": %s}\n' % json.dumps(outputs.tolist()))
