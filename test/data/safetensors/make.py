"""Writes rows.safetensors: a tensor in each type of numbers that the library of Python writes.

    pip install safetensors==0.8.0 torch
    python test/data/safetensors/make.py
"""

import pathlib

import torch
from safetensors.torch import save_file

rows = torch.arange(24, dtype=torch.float64).reshape(6, 4) / 3 - 2
save_file(
    {
        "f64": rows,
        "f32": rows.to(torch.float32),
        "f16": rows.to(torch.float16),
        "bf16": rows.to(torch.bfloat16),
        "i64": torch.arange(6) % 3,
        "u8": (torch.arange(6) * 7 % 5).to(torch.uint8),
        "i16": torch.arange(-3, 3, dtype=torch.int16),
        "bool": torch.arange(6) % 2 == 0,
    },
    pathlib.Path(__file__).parent / "rows.safetensors",
    metadata={"made by": "make.py"},
)
