# Records what PyTorch makes of mixed precision: autocast to float16 and GradScaler. Run: python test/reference/mixed.py
import json
import pathlib

import torch
from torch import nn

torch.manual_seed(1)
net = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 24), nn.GELU(approximate="tanh"), nn.Linear(24, 3))
optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
scaler = torch.amp.GradScaler("cpu", init_scale=2.0**16)
names = ["a.dense", "b.dense", "logits.dense"]
linears = [layer for layer in net if isinstance(layer, nn.Linear)]


def parameters():
    found = {}
    for name, layer in zip(names, linears):
        found[f"{name}.W"] = layer.weight.detach().t().flatten().tolist()
        found[f"{name}.b"] = layer.bias.detach().flatten().tolist()
    return found


def rounded(of):
    return {name: [round(v, 7) for v in values] for name, values in of.items()}


begin = parameters()
steps = []
for step in range(40):
    x = torch.randn(16, 8)
    label = (x[:, 0] + x[:, 1] * x[:, 2] > 0).long() + (x[:, 3] > 0.5).long()
    optimizer.zero_grad()
    with torch.autocast("cpu", dtype=torch.float16):
        logits = net(x)
    loss = nn.functional.cross_entropy(logits.float(), label)
    scaler.scale(loss).backward()
    scaler.step(optimizer)
    scaler.update()
    steps.append({"x": x.flatten().tolist(), "label": label.tolist(), "loss": loss.item(), "scale": scaler.get_scale()})

# The scale over many steps, of which some have gradients that are not finite: where it changes, and what it is then.
weight = nn.Parameter(torch.ones(1))
sgd = torch.optim.SGD([weight], lr=1e-6)
scaler = torch.amp.GradScaler("cpu", init_scale=2.0**16)
bad = [0, 1, 5, 1500, 1501, 3600, 5700]
changes, last = [], 2.0**16
for step in range(7800):
    sgd.zero_grad()
    scaler.scale((weight * (float("inf") if step in bad else 1.0)).sum()).backward()
    scaler.step(sgd)
    scaler.update()
    if scaler.get_scale() != last:
        last = scaler.get_scale()
        changes.append([step, last])
recorded = {"parameters": begin, "steps": steps, "after": rounded(parameters()), "scale": {"steps": 7800, "bad": bad, "changes": changes}}
for each in steps:
    each["x"] = [round(v, 6) for v in each["x"]]
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(recorded, separators=(",", ":")) + "\n")
print(changes, [s["scale"] for s in steps], steps[0]["loss"], steps[-1]["loss"])
