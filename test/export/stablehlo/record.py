"""Runs exported modules under JAX, and records what they give in recorded.json, with which the tests beside this file compare.

    python test/export/stablehlo/record.py [FOLDER]        from the repository's root, built; needs node, jax >= 0.10, numpy

The folder is where it works: a recording that was cut off goes on there.

Each model makes ten steps on one device and on eight virtual ones, mnist an epoch in two processes of four devices each. The folder of
a run of flowers.nn, as the command line and train.py make it, is kept in run/.
"""

import base64, hashlib, importlib.util, json, os, platform, shutil, socket, subprocess, sys, tempfile
from pathlib import Path

here = Path(__file__).resolve().parent
steps = 10


def module(folder):
    """The train.py of a folder."""
    spec = importlib.util.spec_from_file_location(f"train_{folder.name.replace('.', '_')}", folder / "train.py")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    made.texts.update({name: text.replace("DEFAULT", "HIGHEST") for name, text in made.texts.items()})
    return made


def run(folder):
    """What one model gives on the devices of this process."""
    import jax
    import numpy as np

    train = module(folder)
    arrays = lambda fed: {n: np.array(a["data"], train.kinds[n][1]).reshape(a["shape"]) for n, a in fed.items()}
    fed = [arrays(each) for each in json.loads((folder / "fed.json").read_text())]
    trainer = train.Trainer(jax.sharding.Mesh(np.array(jax.devices()), ("rows",)))
    trainer.calls_of_run = steps
    call = lambda function, rows: function(trainer.state, rows, trainer.counters()) if function else {}
    values = lambda reported: {name: float(value) for name, value in reported.items()}
    outputs = {name: np.asarray(made, np.float64) for name, made in call(trainer.predict, fed[0]).items()}
    made = {
        "outputs": {name: [float(each.sum()), float((each * each).sum())] for name, each in outputs.items()},
        "evaluated": values(call(trainer.evaluate, fed[0])),
    }
    call(trainer.observe, fed[0])
    made["losses"] = [values(trainer.step(rows)) for rows in fed[:steps]] if train.blocks else []
    if folder.name.endswith("xor__xor.nn"):
        path = folder / "after.safetensors"
        trainer.save(path, True)
        trainer.load(*train.read(path))
        after = [values(trainer.step(rows)) for rows in fed[steps:]]
        made["checkpoint"] = {"file": base64.b64encode(path.read_bytes()).decode(), "losses": after}
    return made


def run_samples(folder):
    """The result of each function of samples.mlir."""
    import jax
    import numpy as np
    from jax.extend.mlir import ir
    from jax.interpreters import mlir

    train = module(next(each for each in sorted(folder.parent.iterdir()) if (each / "train.py").exists()))
    train.texts["samples.mlir"] = (folder / "samples.mlir").read_text()
    mesh, results = jax.sharding.Mesh(np.array(jax.devices()), ("rows",)), {}
    for sample in json.loads((folder / "samples.json").read_text()):
        of = {**sample["signature"], "file": "samples.mlir"}
        # The shapes of parameters stand in the text.
        context = mlir.make_ir_context()
        with context:
            parsed = ir.Module.parse(train.texts["samples.mlir"])
            found = next(f for f in parsed.body.operations if ir.StringAttr(f.attributes["sym_name"]).value == of["function"])
            types = [ir.RankedTensorType(each) for each in ir.FunctionType(ir.TypeAttr(found.attributes["function_type"]).value).inputs]
            kinds = {"f32": np.float32, "i32": np.int32, "i1": np.bool_}
            given = [np.array(sample["given"][n], kinds[str(t.element_type)]).reshape(t.shape) for n, t in zip(of["inputs"], types)]
        train.divided.update(dict.fromkeys(of["inputs"], False))
        counters = {name: np.int32(n) for name, n in sample["counters"].items()}
        made = train.Function(of, mesh)({}, dict(zip(of["inputs"], given)), counters)
        results[sample["name"]] = np.asarray(made["y"], np.float64).ravel().tolist()
    return results


def alone(devices, *arguments):
    """The same in a process with so many devices."""
    env = {**os.environ, "JAX_PLATFORMS": "cpu", "XLA_FLAGS": f"--xla_force_host_platform_device_count={devices}"}
    return subprocess.Popen([sys.executable, *map(str, arguments)], env=env)


def run_all(folder, devices):
    """What every model gives, and on one device every operation: kept in the folder, so that a recording that was cut off goes on."""
    made = lambda path: path / f"gives-{devices}.json"
    for path in sorted(each for each in folder.iterdir() if each.is_dir()):
        what = run if (path / "train.py").exists() else run_samples if (path / "samples.json").exists() and devices == "1" else None
        if what and not made(path).exists():
            made(path).write_text(json.dumps(what(path)))
            print(devices, path.name, flush=True)


def run_hosts(folder):
    """An epoch in two processes."""
    import numpy as np

    shutil.rmtree(folder / "run", ignore_errors=True)
    epoch = json.loads((folder / "epoch.json").read_text())
    kinds = {each["name"]: np.float32 if each["dtype"] == "f32" else np.int32 for each in json.loads((folder / "manifest.json").read_text())["inputs"]}
    np.savez(folder / "epoch.npz", **{n: np.array(a["data"], kinds[n]).reshape(a["shape"]) for n, a in epoch.items()})
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        at = f"127.0.0.1:{free.getsockname()[1]}"
    shared = [folder / "train.py", folder / "epoch.npz", "--epochs", 1, "--out", folder / "run", "--hosts", 2, "--coordinator", at]
    for process in [alone(4, *shared, "--host", host) for host in range(2)]:
        process.communicate()
    return json.loads((folder / "run" / "metrics.jsonl").read_text())["train"]


def run_flowers(folder):
    """Trains on a table of words and numbers, and keeps the run's folder, with FOLDER where its own stands in run.json."""
    import numpy as np

    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    rng = np.random.default_rng(1)
    rows = [(*rng.normal((n, 10 * n), (0.3, 3)), "aster borage clover".split()[n]) for n in range(3) for _ in range(20)]
    table = "".join(f"{length:.3f},{width:.2f},{kind}\n" for length, width, kind in rows)
    (folder / "flowers.csv").write_text(f"length,width,kind\n{table}")
    shutil.copy(here / "flowers.nn", folder)
    for command in ("data flowers.nn -o data.npz", "export flowers.nn --stablehlo out"):
        subprocess.run(["node", Path.cwd() / "bin/nnc.js", *command.split()], cwd=folder, check=True)
    if alone(4, folder / "out/train.py", folder / "data.npz", "--out", folder / "run").wait():
        raise SystemExit(1)
    shutil.rmtree(here / "run", ignore_errors=True)
    shutil.copytree(folder / "run", here / "run")
    shutil.copy(folder / "data.npz", here / "run")
    record = here / "run" / "run.json"
    record.write_text(record.read_text().replace(str(folder), "FOLDER"))


def run_messages(folder):
    """What train.py says of the run of flowers, and of what cannot be read or does not fit: its status, first line and errors."""
    import numpy as np

    data = dict(np.load(folder / "data.npz"))
    np.savez(folder / "lacking.npz", size=data["size"])
    np.savez(folder / "narrow.npz", **{**data, "size": data["size"][:, :1]})
    np.savez(folder / "uneven.npz", **{**data, "kind": data["kind"][:9]})
    for name, left in (("data.npz", 40), ("run/best.safetensors", 4)):
        (folder / f"cut{Path(name).suffix}").write_bytes((folder / name).read_bytes()[:-left])
    begun = (folder / "out/initial.safetensors").read_bytes()
    (folder / "other.safetensors").write_bytes(begun.replace(b"logits.dense.W", b"logits.dense.V"))
    given = ["data.npz --epochs 1", "gone.npz", "cut.npz", "lacking.npz", "narrow.npz", "uneven.npz"]
    given += [f"data.npz --from {name}.safetensors" for name in ("gone", "cut", "other")]
    says = {}
    for arguments in given:
        command = [sys.executable, "out/train.py", *arguments.split(), "--out", f"said-{len(says)}"]
        env = {**os.environ, "JAX_PLATFORMS": "cpu", "XLA_FLAGS": ""}
        done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
        says[arguments] = [done.returncode, done.stdout.split("\n")[0], done.stderr.strip().replace(str(folder), "FOLDER")]
    return says


def main(folder):
    import jax, jaxlib, numpy

    if not (folder / "samples").exists():
        bundle = here / ".write.mjs"
        build = ["node_modules/.bin/esbuild", here / "write.ts", "--bundle", "--platform=node", "--format=esm", "--packages=external"]
        subprocess.run([*build, f"--outfile={bundle}", "--log-level=error"], check=True)
        subprocess.run(["node", bundle, folder], check=True)
        bundle.unlink()
    for devices in (1, 8):
        if alone(devices, __file__, "run", folder, devices).wait():
            raise SystemExit(1)
    digest = lambda path: hashlib.sha256(path.read_bytes()).hexdigest()
    gives = lambda path, devices: json.loads((path / f"gives-{devices}.json").read_text())
    models = {}
    for path in sorted(each.parent for each in folder.glob("*/train.py")):
        one, eight = gives(path, 1), gives(path, 8)
        modules = {each.name: digest(each) for each in sorted(path.glob("*.mlir"))}
        models[path.name.replace("__", "/")] = {**one, "modules": modules, "losses": {"1": one["losses"], "8": eight["losses"]}}
    versions = {"jax": jax.__version__, "jaxlib": jaxlib.__version__, "numpy": numpy.__version__}
    recorded = {
        "versions": {**versions, "python": platform.python_version()},
        "script": digest(next(folder.glob("*/train.py"))),
        "models": models,
        "samples": {"module": digest(folder / "samples" / "samples.mlir"), "results": gives(folder / "samples", 1)},
        "hosts": run_hosts(folder / "examples__mnist__mnist.nn"),
    }
    run_flowers(folder / "flowers")
    recorded["messages"] = run_messages(folder / "flowers")
    (here / "recorded.json").write_text(json.dumps(recorded, indent=1) + "\n")
    subprocess.run(["node_modules/.bin/prettier", "--write", here / "recorded.json", here / "run/run.json"], check=True)


if __name__ == "__main__":
    what, *arguments = sys.argv[1:] or [""]
    if what == "run":
        run_all(Path(arguments[0]), arguments[1])
    else:
        main(Path(what) if what else Path(tempfile.mkdtemp()))
