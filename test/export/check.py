# What onnx's own checker says of every example and recorded model as `nnc export` writes it: of what is predicted and of a step, by
# both versions of operators. Writes checked.txt beside itself, with a digest of the form of each file, and ends with 1 where one is refused.
# Run, with onnx 1.23 or later, in a built checkout: python test/export/check.py
import hashlib
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

import onnx

here = pathlib.Path(__file__).resolve().parent
root = here.parent.parent
opsets = [18, 20]


def models():
    examples = sorted(p for p in (root / "examples").rglob("*.nn") if "node_modules" not in p.parts)
    cases = sorted((root / "test/reference/cases").glob("*.nn"))
    return [(path, {}) for path in examples] + [(path, settings(path)) for path in cases]


def settings(case):
    return json.loads(case.with_suffix(".json").read_text()).get("set", {})


def export(path, set_, opset, step, to):
    options = [f"--set={name}={value}" for name, value in set_.items()]
    if step:
        options += ["--step", "--updates", "100"]
    command = ["node", str(root / "bin/nnc.js"), "export", str(path), "--onnx", str(to), "--opset", str(opset), *options]
    return subprocess.run(command, capture_output=True, text=True, cwd=root)


def verdict(path, set_, opset, step, folder):
    to = pathlib.Path(folder) / f"{path.stem}-{opset}-{step}-{abs(hash(path))}.onnx"
    ran = export(path, set_, opset, step, to)
    if step and "export-without-step" in ran.stderr:
        return "no train block"
    if ran.returncode != 0:
        return "not exported: " + ran.stderr.strip().splitlines()[0]
    model = onnx.load(to)
    to.unlink()
    try:
        onnx.checker.check_model(model, full_check=True)
        inferred = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as refused:
        return "refused: " + str(refused).strip().splitlines()[0]
    form = hashlib.sha256("\n".join(form_of(model.graph)).encode()).hexdigest()[:16]
    said = {opset.domain: opset.version for opset in inferred.opset_import}
    if said != {"": opset} or model.ir_version != 10:
        return f"refused: IR {model.ir_version}, operators {said}"
    return f"valid, {len(model.graph.node)} operators, {form}"


def form_of(graph):
    """All of a graph but the numbers of its tensors, line by line: checked.test.ts writes the same."""
    return [
        *[f"{each.name} {each.data_type} {','.join(map(str, each.dims))}" for each in graph.initializer],
        *[declared(each) for each in [*graph.input, *graph.output]],
        *[f"{each.op_type} {','.join(each.input)} {','.join(each.output)} {' '.join(map(attribute, each.attribute))}" for each in graph.node],
    ]


def declared(value):
    of = value.type.tensor_type
    return f"{value.name} {of.elem_type} {','.join(each.dim_param or str(each.dim_value) for each in of.shape.dim)}"


def attribute(each):
    kinds = onnx.AttributeProto
    if each.type == kinds.GRAPH:
        return f"{each.name}={{{';'.join(form_of(each.g))}}}"
    if each.type == kinds.FLOAT:
        return f"{each.name}={struct.pack('>f', each.f).hex()}"
    value = {kinds.INT: lambda: str(each.i), kinds.STRING: lambda: each.s.decode(), kinds.INTS: lambda: ",".join(map(str, each.ints))}
    return f"{each.name}={value[each.type]()}"


def line(model):
    path, set_ = model
    with tempfile.TemporaryDirectory() as folder:
        said = [
            f"  {'step' if step else 'predict'}, version {opset}: {verdict(path, set_, opset, step, folder)}"
            for step in (False, True)
            for opset in opsets
        ]
    print(path.relative_to(root), *said, sep="\n", flush=True)
    return "\n".join([str(path.relative_to(root)), *said])


with ThreadPoolExecutor(os.cpu_count()) as pool:
    lines = list(pool.map(line, models()))
(here / "checked.txt").write_text("\n".join([f"onnx {onnx.__version__}, check_model(full_check) and infer_shapes(strict_mode)", *lines]) + "\n")
sys.exit(any("refused" in each or "not exported" in each for each in lines))
