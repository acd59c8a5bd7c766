# Records what PyTorch makes of images of other sizes: bilinear, antialiased. Run: python test/reference/resize.py
import json
import pathlib

import torch
from torch.nn.functional import interpolate

torch.manual_seed(1)
cases = []
for channels, height, width, to in [(1, 2, 3, (2, 2)), (3, 8, 8, (3, 5)), (1, 5, 7, (11, 9)), (1, 1, 6, (4, 1)), (1, 9, 4, (2, 4))]:
    image = torch.randint(0, 256, (1, channels, height, width)).float()
    result = interpolate(image, size=to, mode="bilinear", antialias=True, align_corners=False)
    cases.append({"from": [channels, height, width], "values": image.flatten().tolist(), "to": list(to), "expected": [round(v, 5) for v in result.flatten().tolist()]})
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(cases, separators=(",", ":")) + "\n")
