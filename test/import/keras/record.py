"""Records models of Keras as it writes them, with what they predict: NAME.json (to_json), NAME.safetensors (by the paths of variables) and
cases.json, beside this file.

Run with Python 3.11, keras 3.15, torch 2.13 (its backend) and safetensors 0.8: python test/import/keras/record.py
"""

import json
import os
from pathlib import Path

os.environ["KERAS_BACKEND"] = "torch"
import keras
import numpy as np
from keras import layers
from safetensors.numpy import save_file

here = Path(__file__).parent
rng = np.random.default_rng(3)
cases = {}


def record(name, model, given):
    for variable in model.variables:
        if "seed_generator" in variable.path:
            continue
        drawn = rng.standard_normal(variable.shape) * 0.5
        variable.assign(np.abs(drawn) + 0.5 if "variance" in variable.path else drawn)
    weights = {v.path: v.numpy() for v in model.variables if "seed_generator" not in v.path}
    save_file({path: np.ascontiguousarray(values) for path, values in weights.items()}, here / f"{name}.safetensors")
    (here / f"{name}.json").write_text(json.dumps(json.loads(model.to_json())) + "\n")
    listed = lambda value: {"shape": list(value.shape), "data": value.astype(np.float64).ravel().tolist()}
    cases[name] = {"input": listed(given), "output": listed(keras.ops.convert_to_numpy(model(given)))}


f32 = lambda *shape: rng.standard_normal(shape).astype(np.float32)
ids = lambda *shape: rng.integers(1, 9, shape).astype(np.int32)

record("mlp", keras.Sequential([
    keras.Input((4,)), layers.Dense(6, activation="tanh"), layers.Dense(6, activation="hard_sigmoid"), layers.LayerNormalization(),
    layers.Dense(6, use_bias=False), layers.RMSNormalization(), layers.Dense(3, activation="softmax"),
]), f32(5, 4))
record("convnet", keras.Sequential([
    keras.Input((6, 8, 2)), layers.Conv2D(4, 3, padding="same"), layers.BatchNormalization(), layers.ReLU(), layers.MaxPooling2D(2),
    layers.DepthwiseConv2D(2, depth_multiplier=2), layers.GroupNormalization(4), layers.Conv2D(4, 1, activation="silu"), layers.Flatten(), layers.Dense(3),
]), f32(2, 6, 8, 2))
record("text", keras.Sequential([
    keras.Input((6,)), layers.Embedding(9, 5), layers.LSTM(4, return_sequences=True), layers.Bidirectional(layers.GRU(3, return_sequences=True)),
    layers.LSTM(4), layers.Dense(2),
]), ids(3, 6))
given = keras.Input((5,), name="ids", dtype="int32")
x = layers.Embedding(9, 8)(given)
n = layers.LayerNormalization()(x)
x = layers.Add()([x, layers.MultiHeadAttention(2, 4)(n, n, use_causal_mask=True)])
n = layers.LayerNormalization()(x)
x = layers.Add()([x, layers.Dense(8)(layers.Dense(16, activation="gelu")(n))])
record("gpt", keras.Model(given, layers.Dense(9, name="vocabulary")(layers.LayerNormalization()(x)), name="gpt"), ids(2, 5))
record("cells", keras.Sequential([
    keras.Input((None, 3)), layers.LSTM(4, activation="relu", recurrent_activation="hard_sigmoid", return_sequences=True),
    layers.GRU(4, reset_after=False, return_sequences=True), layers.Bidirectional(layers.GRU(3, recurrent_activation="hard_sigmoid", return_sequences=True)),
    layers.SimpleRNN(2, activation="relu"),
]), f32(2, 5, 3))
(here / "cases.json").write_text(json.dumps(cases) + "\n")
