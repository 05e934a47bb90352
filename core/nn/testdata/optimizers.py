"""Writes optimizers.json: what torch.optim, its schedulers and clip_grad_norm_
do, in float64, for optimizer_test.go to compare with.

    python3 core/nn/testdata/optimizers.py

The options of an optimiser and the arguments of a schedule are spelled as in
PyTorch. Gradients are multiples of 1/1024, so that they are the same in float32.
"""

import json
import os

import torch
from torch.optim import SGD, Adadelta, Adam, AdamW, lr_scheduler

STEPS = 20
RATES = 50
torch.manual_seed(1)
start = [0.5, -1.25, 2.0, -0.0625, 0.75]
grads = (torch.randn(STEPS, len(start), dtype=torch.float64) * 1024).round() / 1024


def train(optimizer, options, scheduler=None, arguments=None, clip=None):
    w = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    o = optimizer([w], **options)
    s = scheduler(o, **arguments) if scheduler else None
    weights, norms = [], []
    for g in grads:
        w.grad = g.clone()
        if clip:
            norms.append(torch.nn.utils.clip_grad_norm_([w], clip).item())
        o.step()
        if s:
            s.step()
        weights.append(w.tolist())
    record = {"optimizer": optimizer.__name__, "options": options, "weights": weights}
    if s:
        record["schedule"] = {"name": scheduler.__name__, "arguments": arguments}
    if clip:
        record["clip"], record["norms"] = clip, norms
    return record


runs = [
    train(SGD, dict(lr=0.1)),
    train(SGD, dict(lr=0.1, momentum=0.9)),
    train(SGD, dict(lr=0.1, momentum=0.9, nesterov=True)),
    train(SGD, dict(lr=0.1, weight_decay=0.05)),
    train(SGD, dict(lr=0.1, momentum=0.8, weight_decay=0.05)),
    train(SGD, dict(lr=0.1, momentum=0.9, weight_decay=0.05, nesterov=True)),
    train(Adam, dict(lr=0.01)),
    train(Adam, dict(lr=0.01, betas=(0.5, 0.999))),
    train(Adam, dict(lr=0.01, betas=(0.0, 0.9))),
    train(Adam, dict(lr=0.01, weight_decay=0.1)),
    train(AdamW, dict(lr=0.01, weight_decay=0.1)),
    train(AdamW, dict(lr=0.01, betas=(0.5, 0.99), weight_decay=0.5)),
    train(Adadelta, dict(lr=1.0)),
    train(Adadelta, dict(lr=0.5, rho=0.95, eps=1e-3)),
    train(Adadelta, dict(lr=1.0, weight_decay=0.1)),
    train(SGD, dict(lr=0.1, momentum=0.9), clip=1.5),
    train(Adam, dict(lr=0.01), clip=2.5),
    train(SGD, dict(lr=0.1, momentum=0.9), lr_scheduler.MultiStepLR, dict(milestones=[5, 12], gamma=0.1)),
    train(AdamW, dict(lr=0.1, weight_decay=0.1), lr_scheduler.CosineAnnealingLR, dict(T_max=STEPS)),
    train(SGD, dict(lr=0.1, momentum=0.9), lr_scheduler.OneCycleLR, dict(max_lr=0.1, total_steps=STEPS + 1, cycle_momentum=False)),
]


def rates(scheduler, arguments):
    o = SGD([torch.zeros(1, requires_grad=True)], lr=0.3)
    s = scheduler(o, **arguments)
    list = []
    for i in range(RATES):
        list.append(o.param_groups[0]["lr"])
        o.step()
        if i < RATES - 1:
            s.step()
    return {"name": scheduler.__name__, "arguments": arguments, "lr": 0.3, "rates": list}


schedules = [
    rates(lr_scheduler.ConstantLR, dict(factor=1)),
    rates(lr_scheduler.MultiStepLR, dict(milestones=[1, 20, 21, 49], gamma=0.3)),
    rates(lr_scheduler.MultiStepLR, dict(milestones=[], gamma=0.3)),
    rates(lr_scheduler.CosineAnnealingLR, dict(T_max=RATES)),
    rates(lr_scheduler.CosineAnnealingLR, dict(T_max=RATES - 1)),
    rates(lr_scheduler.OneCycleLR, dict(max_lr=0.6, total_steps=RATES)),
    rates(lr_scheduler.OneCycleLR, dict(max_lr=0.6, total_steps=RATES + 7)),
]

here = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(here, "optimizers.json"), "w") as f:
    f.write('{"torch": %s,\n"start": %s,\n' % (json.dumps(torch.__version__), json.dumps(start)))
    f.write('"grads": %s,\n' % json.dumps(grads.tolist()))
    f.write('"runs": [\n%s\n],\n' % ",\n".join(json.dumps(r) for r in runs))
    f.write('"schedules": [\n%s\n]}\n' % ",\n".join(json.dumps(s) for s in schedules))
