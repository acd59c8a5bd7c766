"""Records ONNX graphs with what ONNX Runtime gives for them: test/import/onnx/*.onnx and cases.json.

Run with Python 3.11, torch 2.13, onnx 1.23 and onnxruntime 1.30: python test/import/onnx/record.py
"""

import json
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

warnings.filterwarnings("ignore")
here = Path(__file__).parent
torch.manual_seed(7)
rng = np.random.default_rng(7)
cases = {}


def record(name, inputs):
    session = onnxruntime.InferenceSession(here / f"{name}.onnx")
    outputs = session.run(None, inputs)
    listed = lambda value: {"shape": list(value.shape), "data": value.astype(np.float64).ravel().tolist()}
    cases[name] = {"inputs": [listed(v) for v in inputs.values()], "outputs": [listed(v) for v in outputs]}


def exported(name, model, example, names=("x",), opset=18):
    """A PyTorch module through its exporter, of any batch."""
    with torch.no_grad():
        for value in model.parameters():
            value.copy_(torch.randn_like(value) * 0.4)
        for module in model.modules():
            if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
                module.running_mean.copy_(torch.randn_like(module.running_mean))
                module.running_var.copy_(torch.rand_like(module.running_var) + 0.5)
    model.eval()
    mode = "PRESERVE" if name == "cnn" else "EVAL"
    torch.onnx.export(
        model, tuple(example), here / f"{name}.onnx", dynamo=False, opset_version=opset,
        # Otherwise the exporter puts normalisations into the convolutions before them.
        do_constant_folding=name != "cnn", training=getattr(torch.onnx.TrainingMode, mode), input_names=list(names), output_names=["y"],
        dynamic_axes={key: {0: "batch"} for key in names},
    )
    record(name, {key: value.numpy() for key, value in zip(names, example)})


exported("mlp", nn.Sequential(nn.Linear(4, 8), nn.GELU(), nn.Linear(8, 6, bias=False), nn.BatchNorm1d(6), nn.Tanh(), nn.Linear(6, 3), nn.Softmax(-1)), [torch.randn(3, 4)])
exported("cnn", nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 5, (3, 2), stride=2), nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(15, 3)), [torch.randn(2, 2, 8, 12)])
exported("mobile", nn.Sequential(nn.Conv2d(3, 4, 3, stride=2, bias=False), nn.ReLU6(), nn.Conv2d(4, 8, 3, padding=1, groups=4), nn.Hardswish(), nn.Conv2d(8, 4, 1), nn.InstanceNorm2d(4, affine=True), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2), nn.Sigmoid()), [torch.randn(2, 3, 7, 7)])
exported("autoencoder", nn.Sequential(nn.Conv2d(1, 4, 3, stride=2, padding=1), nn.SELU(), nn.ConvTranspose2d(4, 3, 2, stride=2), nn.Softplus(), nn.AvgPool2d(2), nn.ELU(0.5), nn.Conv2d(3, 1, 1)), [torch.randn(2, 1, 8, 8)])


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.lstm, self.gru = nn.Embedding(9, 5), nn.LSTM(5, 3, batch_first=True, bidirectional=True), nn.GRU(6, 4, batch_first=True)
        self.out = nn.Linear(4, 2)

    def forward(self, ids):
        return self.out(self.gru(self.lstm(self.embed(ids))[0])[0][:, -1])


exported("tagger", Tagger(), [torch.randint(0, 9, (2, 5))], names=("ids",))


class Attention(nn.Module):
    def __init__(self, d=8):
        super().__init__()
        self.norm, self.q, self.k, self.v, self.out = nn.LayerNorm(d), nn.Linear(d, d), nn.Linear(d, d), nn.Linear(d, d), nn.Linear(d, d)
        self.mlp = nn.Sequential(nn.LayerNorm(d), nn.Linear(d, 16), nn.GELU(), nn.Linear(16, d))

    def forward(self, x):
        heads = lambda t: t.reshape(-1, 5, 2, 4).transpose(1, 2)
        n = self.norm(x)
        q, k, v = heads(self.q(n)), heads(self.k(n)), heads(self.v(n))
        mixed = torch.softmax(q @ k.transpose(-1, -2) / 2.0, -1) @ v
        x = x + self.out(mixed.transpose(1, 2).reshape(-1, 5, 8))
        return x + self.mlp(x)


exported("attention", Attention(), [torch.randn(2, 5, 8)])


class Sound(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.skip, self.out = nn.Conv1d(2, 4, 3, padding=2, dilation=2), nn.Conv1d(4, 4, 3, padding=1, groups=2), nn.Conv1d(2, 4, 1), nn.Linear(4, 3)

    def forward(self, x):
        h = torch.relu(self.b(torch.relu(self.a(x))) + self.skip(x))
        return torch.log_softmax(self.out(h.mean(-1)), -1)


exported("sound", Sound(), [torch.randn(2, 2, 10)])


class Two(nn.Module):
    def __init__(self):
        super().__init__()
        self.encode, self.scale = nn.Linear(4, 6), nn.Parameter(torch.zeros(6))

    def forward(self, a, b):
        left, right = torch.tanh(self.encode(a)), torch.tanh(self.encode(b))
        return ((left - right).abs() * self.scale).sum(-1, keepdim=True)


exported("siamese", Two(), [torch.randn(3, 4), torch.randn(3, 4)], names=("a", "b"))


def built(name, nodes, inputs, outputs, tensors, values):
    """A graph that is written by hand."""
    declared = lambda all: [helper.make_tensor_value_info(k, TensorProto.FLOAT, shape) for k, shape in all.items()]
    initializers = [numpy_helper.from_array(v, k) for k, v in tensors.items()]
    graph = helper.make_graph(nodes, name, declared(inputs), declared(outputs), initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, here / f"{name}.onnx")
    record(name, values)


f32 = lambda *shape: rng.standard_normal(shape).astype(np.float32)
ints = lambda *values: np.array(values, np.int64)
node = helper.make_node
built(
    "functions",
    [
        node("Softsign", ["x"], ["a"]), node("HardSigmoid", ["x"], ["b"], alpha=0.25, beta=0.4), node("Pow", ["x", "two"], ["c"]),
        node("Exp", ["x"], ["d"]), node("Min", ["a", "b", "c"], ["e"]), node("Max", ["e", "d", "w"], ["f"]), node("Clip", ["f", "low", "high"], ["g"]),
        node("Div", ["g", "w"], ["h"]), node("Neg", ["h"], ["i"]), node("Sqrt", ["g"], ["j"]), node("Sub", ["i", "j"], ["y"]),
    ],
    {"x": ["n", 4]}, {"y": ["n", 4]},
    {"two": np.float32(2), "w": f32(4), "low": np.float32(0.1), "high": np.float32(3.5)},
    {"x": f32(3, 4)},
)
built(
    "shapes",
    [
        node("Gemm", ["x", "w", "b"], ["g"]), node("Split", ["g"], ["p", "q"], axis=1, num_outputs=2), node("Concat", ["q", "p"], ["r"], axis=-1),
        node("Reshape", ["r", "shape"], ["s"]), node("Transpose", ["s"], ["t"], perm=[0, 2, 1]), node("Slice", ["t", "from", "to", "axis"], ["u"]),
        node("ReduceMean", ["u", "last"], ["v"], keepdims=0), node("Unsqueeze", ["v", "one"], ["k"]), node("ReduceMax", ["t", "last"], ["l"], keepdims=0),
        node("Squeeze", ["k", "one"], ["m"]), node("ReduceSum", ["l", "last"], ["z"], keepdims=1), node("Add", ["m", "z"], ["y"]),
    ],
    {"x": ["batch", 5]}, {"y": ["batch", 2]},
    {"w": f32(5, 6), "b": f32(6), "shape": ints(0, 3, 2), "from": ints(1), "to": ints(3), "axis": ints(2), "last": ints(-1), "one": ints(1)},
    {"x": f32(3, 5)},
)
built(
    "padded",
    [
        node("Pad", ["x", "pads", "value"], ["a"]), node("Conv", ["a", "w"], ["b"], pads=[0, 1, 1, 1], strides=[2, 1]),
        node("GlobalAveragePool", ["b"], ["c"]), node("Squeeze", ["c", "axes"], ["y"]),
    ],
    {"x": ["batch", 2, 4, 5]}, {"y": ["batch", 3]},
    {"pads": ints(0, 0, 1, 0, 0, 0, 0, 2), "value": np.float32(0.5), "w": f32(3, 2, 3, 3), "axes": ints(2, 3)},
    {"x": f32(2, 2, 4, 5)},
)
(here / "cases.json").write_text(json.dumps(cases) + "\n")
