"""Records checkpoints of PyTorch, and of Keras' layouts, with what their models predict: test/import/weights/*.safetensors and cases.json.

Run with Python 3.11, torch 2.13, numpy 2 and safetensors 0.8: python test/import/weights/record.py
Keras' layouts of the recurrent and attention layers that tfjs lacks (GRU with reset_after, MultiHeadAttention) are computed here with
numpy, by the formulas of Keras 3; the rest of Keras is recorded with tfjs (test/import/models/record.mjs).
"""

import json
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file as save_arrays
from safetensors.torch import save_file
from torch import nn

here = Path(__file__).parent
torch.manual_seed(3)
cases = {}


def record(name, tensors, inputs, output):
    """A checkpoint, what goes in, and what comes out."""
    save_file({k: v.contiguous() for k, v in tensors.items()}, here / f"{name}.safetensors")
    listed = lambda value: {"shape": list(value.shape), "data": np.asarray(value, dtype=np.float64).ravel().tolist()}
    cases[name] = {"inputs": {k: listed(v) for k, v in inputs.items()}, "output": listed(output.detach())}


def randomise(model):
    """Weights that start at 0 or 1 would hide what goes astray."""
    with torch.no_grad():
        for value in model.parameters():
            value.copy_(torch.randn_like(value) * 0.5)


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2, self.head = nn.Linear(4, 6), nn.Linear(6, 6), nn.Linear(6, 3, bias=False)
        self.norm = nn.LayerNorm(6)

    def forward(self, x):
        return self.head(self.norm(torch.relu(self.fc2(torch.tanh(self.fc1(x))))))


class Convolutional(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(),
            nn.Conv2d(4, 4, 3, groups=4, bias=False), nn.ConvTranspose2d(4, 3, 2, stride=2), nn.BatchNorm2d(3), nn.ReLU(),
        )
        self.classifier = nn.Linear(3 * 8 * 8, 5)

    def forward(self, x):
        return self.classifier(self.features(x).flatten(1))


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(3, 4, batch_first=True)
        self.gru = nn.GRU(4, 5, batch_first=True, bidirectional=True)
        self.rnn = nn.RNN(10, 4, batch_first=True)
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        return self.head(self.rnn(self.gru(self.lstm(x)[0])[0])[0])


class Gpt(nn.Module):
    def __init__(self, d=8, vocabulary=7, positions=6):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(vocabulary, d), nn.Embedding(positions, d)
        block = lambda: nn.TransformerEncoderLayer(d, 2, 4 * d, 0.0, "gelu", norm_first=True, batch_first=True)
        self.blocks = nn.ModuleList([block(), block()])
        self.ln_f = nn.LayerNorm(d)
        self.lm_head = nn.Linear(d, vocabulary, bias=False)

    def forward(self, ids):
        x = self.wte(ids) + self.wpe(torch.arange(ids.shape[1]))
        mask = nn.Transformer.generate_square_subsequent_mask(ids.shape[1])
        for block in self.blocks:
            x = block(x, src_mask=mask, is_causal=True)
        return self.lm_head(self.ln_f(x))


for name, model, inputs in [
    ("mlp", Mlp(), {"x": torch.randn(5, 4)}),
    ("convolutional", Convolutional(), {"image": torch.randn(2, 2, 6, 6)}),
    ("recurrent", Recurrent(), {"x": torch.randn(2, 5, 3)}),
    ("gpt", Gpt(), {"ids": torch.randint(0, 7, (2, 6))}),
]:
    randomise(model)
    if name == "convolutional":
        model.train()
        for _ in range(3):
            model(torch.randn(8, 2, 6, 6) * 2 + 1)
    model.eval()
    with torch.no_grad():
        record(name, model.state_dict(), inputs, model(*inputs.values()))

# The MLP once more, each tensor in another type of numbers.
torch.manual_seed(4)
half = Mlp()
randomise(half)
types = [torch.float16, torch.bfloat16, torch.float64]
stored = {k: v.to(types[i % 3]) for i, (k, v) in enumerate(half.state_dict().items())}
half.load_state_dict({k: v.float() for k, v in stored.items()})
x = torch.randn(5, 4)
with torch.no_grad():
    record("halves", stored, {"x": x}, half(x))


# Keras: GRU(reset_after=True), whose gates are z, r, h and whose kernels are not transposed.
rng = np.random.default_rng(5)
f32 = lambda *shape: (rng.standard_normal(shape) * 0.5).astype(np.float32)
sigmoid = lambda v: 1 / (1 + np.exp(-v))
tensors = {}


def given(name, *shape):
    tensors[name] = f32(*shape)
    return tensors[name].astype(np.float64)


def dense(name, n, units, x):
    return x @ given(f"{name}/kernel", n, units) + given(f"{name}/bias", units)


def keras_gru(name, n, units, x):
    kernel, recurrent, bias = given(f"{name}/gru_cell/kernel", n, 3 * units), given(f"{name}/gru_cell/recurrent_kernel", units, 3 * units), given(f"{name}/gru_cell/bias", 2, 3 * units)
    h, out = np.zeros((x.shape[0], units)), []
    for t in range(x.shape[1]):
        xz, xr, xh = np.split(x[:, t] @ kernel + bias[0], 3, axis=1)
        hz, hr, hh = np.split(h @ recurrent + bias[1], 3, axis=1)
        z, r = sigmoid(xz + hz), sigmoid(xr + hr)
        h = z * h + (1 - z) * np.tanh(xh + r * hh)
        out.append(h)
    return np.stack(out, axis=1)


def layer_normalization(name, d, x):
    mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    return (x - mean) / np.sqrt(variance + 1e-5) * given(f"{name}/gamma", d) + given(f"{name}/beta", d)


def multi_head_attention(name, d, heads, e, x):
    project = lambda part: np.einsum("btd,dhe->bthe", x, given(f"{name}/{part}/kernel", d, heads, e)) + given(f"{name}/{part}/bias", heads, e)
    q, k, v = project("query"), project("key"), project("value")
    scores = np.einsum("bthe,bshe->bhts", q, k) / np.sqrt(e)
    scores = np.where(np.tril(np.ones(scores.shape[-2:], bool)), scores, -np.inf)
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    weights /= weights.sum(-1, keepdims=True)
    mixed = np.einsum("bhts,bshe->bthe", weights, v)
    return np.einsum("bthe,hed->btd", mixed, given(f"{name}/attention_output/kernel", heads, e, d)) + given(f"{name}/attention_output/bias", d)


erf = np.vectorize(__import__("math").erf)
gelu = lambda v: 0.5 * v * (1 + erf(v / np.sqrt(2)))


def finish(name, inputs, output):
    save_arrays(dict(tensors), here / f"{name}.safetensors")
    listed = lambda value: {"shape": list(value.shape), "data": np.asarray(value, dtype=np.float64).ravel().tolist()}
    cases[name] = {"inputs": {k: listed(v) for k, v in inputs.items()}, "output": listed(output)}
    tensors.clear()


x = f32(2, 5, 3)
finish("keras-gru", {"x": x}, dense("dense_1", 4, 2, keras_gru("gru", 3, 4, x.astype(np.float64))))

ids = rng.integers(0, 7, (2, 6))
d = 8
x = given("token_embedding/embeddings", 7, d)[ids] + given("position_embedding/embeddings", 6, d)
x = x + multi_head_attention("block_0/multi_head_attention", d, 2, 4, layer_normalization("block_0/norm1", d, x))
x = x + dense("block_0/mlp/dense_1", 32, d, gelu(dense("block_0/mlp/dense", d, 32, layer_normalization("block_0/norm2", d, x))))
finish("keras-gpt", {"ids": ids}, layer_normalization("final_norm", d, x) @ given("head/kernel", d, 7))

(here / "cases.json").write_text(json.dumps(cases) + "\n")
