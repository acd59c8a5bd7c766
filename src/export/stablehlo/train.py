"""Trains the model whose modules stand beside this file: on one device, on all of a machine, or on many machines.

    python train.py data.npz                           all devices of this machine
    python train.py data.npz --hosts auto              a process on each machine of a cluster that tells (Slurm, TPU pods)
    python train.py data.npz --hosts 8 --host 0 --coordinator HOST:PORT        the same by hand, --host 0 to 7

data.npz comes of `nnc data MODEL.nn -o data.npz`; arrays of these names in a .safetensors file will do. Each step divides the rows of a
batch among the devices. Shuffling and the folder of a run are those of `nnc train`: `nnc runs`, `report`, `eval` and `predict` read it.
Needs jax >= 0.10 and numpy.
"""

import argparse, json, math, os, platform, re, signal, struct, time
from datetime import datetime, timezone
from pathlib import Path

import jax
import numpy as np
from jax import export
from jax.extend.core import Primitive
from jax.extend.mlir import ir
from jax.extend.mlir.dialects import func
from jax.interpreters import mlir
from jax.sharding import Mesh, NamedSharding, PartitionSpec



def wrong(text):
    """What ends the program, with a message on stderr and status 1."""
    return SystemExit(f"error: {text}")


here = Path(__file__).resolve().parent
if not (here / "manifest.json").exists():
    raise wrong(f"{here} holds no manifest.json: this file stands beside what nnc export --stablehlo wrote")
manifest = json.loads((here / "manifest.json").read_text(encoding="utf-8"))
texts = {path.name: path.read_text(encoding="utf-8") for path in here.glob("*.mlir")}
batch, blocks, settings = manifest["batch"], manifest["blocks"], manifest["train"]
dtypes = {"f32": np.float32, "i32": np.int32, "i1": np.bool_}
kinds = {each["name"]: (tuple(each["shape"]), dtypes[each["dtype"]]) for each in manifest["tensors"] + manifest["inputs"]}
divided = {each["name"]: each["rows"] for each in manifest["inputs"]}


# --- The modules: each function is an operation of JAX, whose text is put in where it is called.

call = Primitive("nnc")
call.multiple_results = True


@call.def_abstract_eval
def _(*_, of):
    results = [(tuple(each["shape"]), dtypes[each["dtype"]]) for each in of.of["results"]]
    return [jax.core.ShapedArray(*kind) for kind in results + [kinds[name] for name in of.of["updates"]]]


def lower(ctx, *arguments, of):
    name = lambda function: ir.StringAttr(function.attributes["sym_name"]).value
    parsed = ir.Module.parse(texts[of.of["file"]], ctx.module_context.context)
    found = next(each.operation for each in parsed.body.operations if name(each) == of.of["function"])
    copy = found.clone(ip=ir.InsertionPoint(ctx.module_context.module.body))
    copy.attributes["sym_visibility"] = ir.StringAttr.get("private")
    ctx.module_context.symbol_table.insert(copy)  # where another has its name, it gets one of its own
    results = ir.FunctionType(ir.TypeAttr(copy.attributes["function_type"]).value).results
    return func.CallOp(list(results), ir.FlatSymbolRefAttr.get(name(copy)), list(arguments)).results


mlir.register_lowering(call, lower)


class Function:
    """One of them on a mesh of devices: rows are divided among the devices, and everything else is on each of them."""

    def __init__(self, of, mesh):
        self.of = of
        self.whole = NamedSharding(mesh, PartitionSpec())
        rows = NamedSharding(mesh, PartitionSpec("rows"))
        self.inputs = {name: rows if divided[name] else self.whole for name in of["inputs"]}
        held, counted = [self.whole] * len(of["tensors"]), [self.whole] * len(of["counters"])
        self.jit = jax.jit(
            lambda *arguments: call.bind(*arguments, of=self),
            in_shardings=[*held, *self.inputs.values(), *counted],
            out_shardings=self.whole,
            donate_argnums=[i for i, name in enumerate(of["tensors"]) if name in of["updates"]],
        )

    def arguments(self, state, rows, counters):
        tensors = [state[name] for name in self.of["tensors"]]
        given = [put(rows[name], by) for name, by in self.inputs.items()]
        return [*tensors, *given, *[put(counters[name], self.whole) for name in self.of["counters"]]]

    def __call__(self, state, rows, counters):
        """What it gives, by name. Tensors that it updates are others in `state`."""
        made = self.jit(*self.arguments(state, rows, counters))
        names = [each["name"] for each in self.of["results"]]
        state.update(zip(self.of["updates"], made[len(names) :]))
        return dict(zip(names, made))


def put(array, by):
    """Each process has the same array, and puts on its devices what they have of it."""
    array = np.asarray(array)
    return jax.make_array_from_callback(array.shape, by, lambda at: array[at])


def fetched(array):
    """What is on each device."""
    return np.asarray(array.addressable_data(0)) if isinstance(array, jax.Array) else np.asarray(array)


# --- Random orders, which are those of nnc train.


def threefry(key, counter):
    """The first word of Threefry-2x32 in 20 rounds."""
    keys = [np.array([word], np.uint32) for word in (*key, 0x1BD11BDA ^ key[0] ^ key[1])]
    x, y = np.uint32(counter[0]) + keys[0], np.uint32(counter[1]) + keys[1]
    for i in range(20):
        by = np.uint32([13, 15, 26, 6, 17, 29, 16, 24][i % 8])
        x = x + y
        y = ((y << by) | (y >> (np.uint32(32) - by))) ^ x
        if i % 4 == 3:
            n = (i + 1) // 4
            x, y = x + keys[n % 3], y + keys[(n + 1) % 3] + np.uint32(n)
    return x


def permutation(count, seed, stream):
    """The numbers from 0 to count - 1 in random order (Fisher and Yates). Stream 0 is the split, stream n the order of epoch n."""
    places = np.arange(count)
    others = np.floor(threefry((seed, stream), (places, 2)) / 2**32 * (places + 1)).astype(int).tolist()
    order = places.tolist()
    for i in range(count - 1, 0, -1):
        order[i], order[others[i]] = order[others[i]], order[i]
    return np.array(order, int)


# --- Data: arrays by input, and which of their rows are for what.


def archived(path):
    """The arrays of a file by name."""
    if path.suffix == ".safetensors":
        return read(path)[0]
    try:
        with np.load(path) as archive:
            return {name: archive[name] for name in archive.files}
    except OSError as error:
        raise wrong(f"the data file {path} cannot be read: {error.strerror or error}")
    except Exception:  # of zipfile, zlib or numpy
        raise wrong(f"the data file {path} is no whole .npz archive")


def fed(data, functions, part=""):
    """The arrays that functions take, checked; those of a part are called PART.NAME."""
    names = [name for name in divided if any(name in each.of["inputs"] for each in functions if each)]
    lacking = [part + name for name in names if part + name not in data]
    if lacking:
        raise wrong(f"the data have no {', '.join(lacking)}: nnc data writes what {manifest['model']} is fed")
    made = {}
    for name in names:
        array, (shape, kind) = data[part + name], kinds[name]
        shape = ("rows", *shape[1:]) if divided[name] else shape
        takes = {np.float32: "fiu", np.int32: "iu", np.bool_: "b"}[kind]
        if array.dtype.kind not in takes or array.ndim != len(shape) or array.shape[divided[name] :] != shape[divided[name] :]:
            text = lambda kind, shape: f"{np.dtype(kind)}[{', '.join(map(str, shape))}]"
            raise wrong(f"{part}{name} of the data is {text(array.dtype, array.shape)}, expected {text(kind, shape)}")
        made[name] = array.astype(kind, copy=False)
    counts = {name: len(array) for name, array in made.items() if divided[name]}
    if len(set(counts.values())) > 1 or 0 in counts.values():
        raise wrong(f"the data have {', '.join(f'{n} rows of {part}{name}' for name, n in counts.items())}")
    return made


def portions(data, functions, seed):
    """To train on, to validate with, to test with: each as its arrays and the rows of them."""
    of = lambda part: fed(data, functions, part) if any(part + name in data for name in divided) else {}
    train, own = fed(data, functions), {part: of(f"{part}.") for part in ("validation", "test")}
    count = lambda arrays: next(len(array) for name, array in arrays.items() if divided[name])
    rows = count(train)

    def held(part):
        share = 0 if own[part] else settings[part]
        return min(rows - 1, max(1, math.floor(rows * share + 0.5))) if share else 0

    validating, testing = held("validation"), held("test")
    left = rows - validating - testing
    order = permutation(rows, seed, 0) if settings.get("shuffle", True) and left < rows else np.arange(rows)
    other = lambda part, some: (own[part], np.arange(count(own[part]))) if own[part] else (train, some)
    ends = np.split(order, [left, left + validating])
    return (train, ends[0]), other("validation", ends[1]), other("test", ends[2])


def batches(arrays, rows, start=0):
    """The rows in batches, from one on; those that make no whole batch are left out."""
    for step in range(start, len(rows) // batch):
        some = rows[step * batch : (step + 1) * batch]
        yield {name: array[some] if divided[name] else array for name, array in arrays.items()}


# --- Checkpoints: safetensors, by the model's names.


def read(path):
    """The arrays of a file by name, and its metadata."""
    if not Path(path).is_file():
        raise wrong(f"there is no file {path}")
    try:
        return parsed(Path(path).read_bytes())
    except (struct.error, ValueError, LookupError, TypeError, AttributeError):
        raise wrong(f"{path} is no whole safetensors file of F32, I32 and BOOL")


def parsed(file):
    start = 8 + struct.unpack("<Q", file[:8])[0]
    header = json.loads(file[8:start])
    metadata = header.pop("__metadata__", {})
    kind = {"F32": np.float32, "I32": np.int32, "BOOL": np.bool_}
    of = lambda at: np.frombuffer(file, kind[at["dtype"]], math.prod(at["shape"]), start + at["data_offsets"][0])
    return {name: of(at).reshape(at["shape"]) for name, at in header.items()}, metadata


def whole(path, *parts):
    """Writes beside its place and then into it, so that there is a whole file at any moment."""
    beside = Path(f"{path}.part")
    with open(beside, "wb") as file:
        for part in parts:
            file.write(part)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)


def write(path, arrays, metadata):
    header, end = {"__metadata__": metadata}, 0
    for name, array in arrays.items():
        kind = "F32" if array.dtype == np.float32 else "I32"
        header[name] = {"dtype": kind, "shape": array.shape, "data_offsets": [end, end + array.nbytes]}
        end += array.nbytes
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    whole(path, struct.pack("<Q", len(text)) + text, *[np.ascontiguousarray(array).tobytes() for array in arrays.values()])


class Trainer:
    """The tensors of a checkpoint, what is counted beside them, and the model's functions on a mesh."""

    def __init__(self, mesh):
        function = lambda of: Function(of, mesh) if of else None
        self.passes = [{name: function(block.get(name)) for name in ("step", "accumulate")} for block in blocks]
        self.predict, self.evaluate, self.observe = [
            function(manifest.get(name)) for name in ("predict", "evaluate", "observe")
        ]
        self.whole = NamedSharding(mesh, PartitionSpec())
        self.calls_of_run = 0
        self.load(*read(here / "initial.safetensors"))

    def load(self, arrays, metadata):
        begun, _ = read(here / "initial.safetensors")
        weights = lambda names: {name for name in names if not name.startswith("optimizer/")}
        averages = {f"{name}.ema": array for name, array in arrays.items()}
        differing = weights(arrays) ^ (weights(begun) - (averages.keys() - arrays.keys()))
        kind = lambda array: (array.dtype, array.shape)
        differing |= {name for name in arrays.keys() & begun.keys() if kind(arrays[name]) != kind(begun[name])}
        if differing:
            raise wrong(f"the checkpoint does not fit {manifest['model']}: {', '.join(sorted(differing))}")
        now = {**begun, **averages, **arrays}
        self.state = {each["name"]: put(now[each["name"]], self.whole) for each in manifest["tensors"]}
        count = lambda name: int(metadata.get(name, 0))
        self.updates, self.calls, self.seed = count("update"), count("draw"), int(metadata.get("seed", settings["seed"]))
        self.scale = float(metadata.get("learningRateScale", 1))
        self.made = [count(f"passes/{block['name']}") if "name" in block else self.calls for block in blocks]

    def counters(self, at=0):
        """What is counted. Of several train blocks each counts its own passes."""
        named = bool(blocks) and "name" in blocks[0]
        passes = blocks[at]["passes"] if blocks else 1
        update = self.made[at] // passes if named else self.updates
        draw = self.calls * len(blocks) + at if named else self.calls
        run = max(1, self.calls_of_run // (passes * (blocks[at]["every"] if named else 1)))
        numbers = {"update": update + 1, "draw": draw, "run": run, "seed": self.seed}
        words = {name: np.uint32(n % 2**32).view(np.int32) for name, n in numbers.items()}
        return {**words, "learning_rate_scale": np.float32(self.scale)}

    def step(self, rows):
        """A pass of each train block whose turn it is. Losses and metrics are arrays that may still be under way."""
        reported = {"loss": 0.0}
        for i, block in enumerate(blocks):
            if (self.calls + 1) % block["every"] == 0:
                updates = (self.made[i] + 1) % block["passes"] == 0
                function = self.passes[i]["step" if updates else "accumulate"]
                reported.update(function(self.state, rows, self.counters(i)))
                self.made[i] += 1
                self.updates += updates and "name" not in block
        self.calls += 1
        if "name" in blocks[0]:
            self.updates = self.calls
        if manifest["total"]:
            reported["loss"] = sum(reported.get(name, 0.0) for name in manifest["total"])
        return reported

    def save(self, path, optimizer, more={}):
        about = {"format": "nnc", "model": manifest["model"], "source": manifest["source"]}
        counts = {"update": self.updates, "draw": self.calls, "seed": self.seed, "learningRateScale": repr(self.scale)}
        counts |= {f"passes/{block['name']}": n for block, n in zip(blocks, self.made) if "name" in block}
        if optimizer:
            about |= {name: str(n) for name, n in counts.items()}
        names = [name for name in self.state if optimizer or not name.startswith("optimizer/")]
        arrays = {name: fetched(self.state[name]) for name in names}
        if jax.process_index() == 0:
            write(path, arrays, {**about, **more})


# --- Runs: the files of `nnc train`.


class Mean:
    """The mean of losses and metrics over rows; `sums` is how checkpoints hold it. `tell` hears of each step."""

    def __init__(self, sums=None, tell=lambda values: None):
        self.sums, self.waiting, self.tell = sums or {"seen": 0, "of": {}}, [], tell

    def add(self, *losses, ahead=4):
        """Waits for the losses of some steps before, so that devices always have work."""
        self.waiting += losses
        while len(self.waiting) > ahead:
            values = {name: float(fetched(value)) for name, value in self.waiting.pop(0).items()}
            for name, value in values.items():
                total, seen = self.sums["of"].get(name, (0.0, 0))
                self.sums["of"][name] = (total + value * batch, seen + batch)
            self.sums["seen"] += batch
            self.tell(values)

    def values(self):
        self.add(ahead=0)
        return {name: total / seen for name, (total, seen) in self.sums["of"].items()}


files = {"last.safetensors", "best.safetensors", "metrics.jsonl", "metrics.csv", "steps.jsonl", "run.json", "model.nn"}


def folder(out, resume):
    """That of a run: the first free one of runs/MODEL, runs/MODEL-2, … where nobody says. An earlier run stays as it is."""
    path, n = Path(out or f"runs/{manifest['model']}"), 1
    if resume:
        if not (path / "last.safetensors").exists() or not (path / "run.json").exists():
            raise wrong(f"{path} holds no run to go on with")
        return path
    while not out and path.exists():
        path, n = Path(f"runs/{manifest['model']}-{n + 1}"), n + 1
    if any((path / name).exists() for name in files):
        raise wrong(f"{path} holds a run already: --resume goes on with it, another --out begins one")
    return path


def line(row):
    """As JavaScript writes it: what is not finite is null."""
    return re.sub(r": (NaN|-?Infinity)\b", ": null", json.dumps(row, ensure_ascii=False))


class Run:
    """Trains for epochs. Keeps the last and the best weights, a row of metrics an epoch, and what the run was told."""

    def __init__(self, trainer, data, source, out, epochs):
        self.trainer, self.out, self.epochs = trainer, out, epochs
        functions = [trainer.evaluate, trainer.observe, *[each for block in trainer.passes for each in block.values()]]
        self.train, self.validation, self.test = portions(data, functions, trainer.seed)
        self.words = {name.removesuffix(".words"): data[name].tolist() for name in data if name.endswith(".words")}
        self.more = {"classes": json.dumps(self.words, ensure_ascii=False)} if self.words else {}
        self.state = {"epoch": 1, "step": 0, "before": 0, "sums": None, "lowest": math.inf, "worse": 0}
        self.calls, self.recent = 0, {"of": {}, "count": 0}
        self.best, self.seconds, self.begun, self.saved, self.stopped = None, 0.0, time.time(), time.time(), False
        self.steps, left = divmod(len(self.train[1]), batch)
        if self.steps == 0:
            raise wrong(f"{left} rows to train on are less than a batch of {batch}")
        self.record = {
            **{"version": 1, "model": manifest["model"], "digest": manifest["source"]},
            "files": [{"path": each["path"], "from": each["from"]} for each in manifest["files"]],
            **{"overrides": manifest["overrides"], "seed": trainer.seed, "batch": batch, "epochs": epochs, "target": "wasm"},
            "engine": f"jax {jax.__version__}, {jax.device_count()} devices ({jax.devices()[0].device_kind})",
            "data": {
                **{"folder": str(source.parent), "source": f'{source.suffix[1:]}("{source.name}")', "given": str(source)},
                "rows": len(self.train[1]),
            },
            "classes": self.words,
            "versions": {"nnc": manifest["nnc"], "python": platform.python_version(), "jax": jax.__version__, "numpy": np.__version__},
            "started": datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "monitor": settings.get("monitor", "loss"),
        }
        aside = f"; {left} rows, which make no whole batch, are left out of each epoch" if left else ""
        for part, (_, rows) in (("validate", self.validation), ("test", self.test)):
            if len(rows) % batch:
                aside += f"; {len(rows) % batch} of {len(rows)} rows to {part} with, which make no whole batch, are left out"
        say(f"{manifest['model']}: {len(self.train[1])} rows, {self.steps} steps an epoch, {jax.device_count()} devices{aside}")

    def resume(self):
        """Goes on from the last checkpoint: rows of metrics behind it are dropped."""
        arrays, metadata = read(self.out / "last.safetensors")
        self.trainer.load(arrays, metadata)
        if "position" not in metadata:
            raise wrong(f"{self.out} holds no run to go on with: last.safetensors does not say where it stands")
        position = json.loads(metadata["position"].replace('"Infinity"', "Infinity"))
        self.state, self.best, self.calls = position["state"], position.get("best"), position["calls"]
        self.recent = position.get("recent", self.recent)
        before = json.loads((self.out / "run.json").read_text(encoding="utf-8"))
        self.record["started"], self.seconds = before["started"], before["done"]["seconds"]
        lines = lambda name: [json.loads(row) for row in open(self.out / name, encoding="utf-8") if row.endswith("\n")]
        rows = [row for row in lines("metrics.jsonl") if row["epoch"] < self.state["epoch"]]
        return rows, [row for row in lines("steps.jsonl") if row["step"] <= self.calls]

    def begin(self, rows=(), steps=()):
        """The files of a run, with the rows of one that goes on."""
        self.names = list(dict.fromkeys(["loss", *manifest["losses"], *manifest["metrics"]]))
        columns = ["epoch", "step", "seconds", *[f"{part}.{name}" for part in ("train", "validation") for name in self.names]]
        begun = {"metrics.jsonl": "", "steps.jsonl": "", "metrics.csv": ",".join(columns) + "\n"}
        texts = {**{each["path"]: each["text"] for each in manifest["files"]}, **begun}
        if jax.process_index() == 0:
            for name, text in texts.items():
                (self.out / name).parent.mkdir(parents=True, exist_ok=True)
                (self.out / name).write_text(text, encoding="utf-8")
        for row in rows:
            self.note(row)
        for row in steps:
            self.add("steps.jsonl", line(row))
        self.ends("running")
        signal.signal(signal.SIGINT, self.interrupt)

    def interrupt(self, *_):
        """The run stops after this step, and saves; a second time it stops at once. Other processes hear of nothing."""
        if self.stopped or jax.process_count() > 1:
            raise KeyboardInterrupt
        self.stopped = True

    def add(self, name, text):
        if jax.process_index() == 0:
            with open(self.out / name, "a", encoding="utf-8") as file:
                file.write(text + "\n")

    def note(self, row):
        cells = [row.get(part, {}).get(name, "") for part in ("train", "validation") for name in self.names]
        self.add("metrics.jsonl", line(row))
        self.add("metrics.csv", ",".join(map(str, [row["epoch"], row["step"], row["seconds"], *cells])))
        value = row.get("validation", row["train"])["loss"]
        if math.isfinite(value) and value < self.record.get("lowest", {"value": math.inf})["value"]:
            self.record["lowest"] = {"epoch": row["epoch"], "value": value}

    def stepped(self, values):
        """Takes note of a step: in a run of many, a row is the mean of several."""
        self.calls, of = self.calls + 1, self.recent["of"]
        if not math.isfinite(values["loss"]):
            self.ends("not finite")
            raise wrong(f"step {self.calls}: the loss is {values['loss']}; {self.out} holds what was before")
        for name, value in values.items():
            of[name] = of.get(name, 0.0) + value
        self.recent["count"] += 1
        if self.calls % math.ceil(self.epochs * self.steps / 1000) == 0:
            means = {"train": {name: total / self.recent["count"] for name, total in of.items()}}
            at = {"step": self.calls, "epoch": self.state["epoch"], "seconds": self.elapsed()}
            self.add("steps.jsonl", line({**at, **means}))
            self.recent = {"of": {}, "count": 0}

    def elapsed(self):
        return self.seconds + time.time() - self.begun

    def ends(self, how, **more):
        """Writes run.json: how the run stands."""
        done = {"epochs": self.state["epoch"] - 1, "steps": self.trainer.updates, "seconds": self.elapsed()}
        self.record |= {"done": done, "ended": how, **({"best": self.best} if self.best else {}), **more}
        if jax.process_index() == 0:
            whole(self.out / "run.json", json.dumps(self.record, indent=2, ensure_ascii=False).encode() + b"\n")

    def save(self):
        position = {"state": self.state, "calls": self.calls, "recent": self.recent, **({"best": self.best} if self.best else {})}
        text = json.dumps(position).replace("Infinity", '"Infinity"')
        self.trainer.save(self.out / "last.safetensors", True, {**self.more, "position": text})
        self.ends("running")
        self.saved = time.time()

    def evaluated(self, arrays, rows):
        mean = Mean()
        for some in batches(arrays, rows):
            mean.add(self.trainer.evaluate(self.trainer.state, some, self.trainer.counters()))
        return mean.values()

    def fit(self):
        trainer, state = self.trainer, self.state
        if trainer.observe and trainer.calls == 0:
            for some in batches(self.train[0], np.sort(self.train[1])):
                trainer.observe(trainer.state, some, trainer.counters())
        trainer.calls_of_run = trainer.calls + (self.epochs + 1 - state["epoch"]) * self.steps - state["step"]
        while state["epoch"] <= self.epochs and not self.is_over():
            mean, rows = Mean(state["sums"], self.stepped), self.train[1]
            if settings.get("shuffle", True):
                rows = rows[permutation(len(rows), trainer.seed, state["epoch"])]
            for some in batches(self.train[0], rows, state["step"]):
                mean.add(trainer.step(some))
                state["step"] += 1
                if self.is_due():
                    mean.values()
                    state["sums"] = mean.sums
                    self.save()
                if self.stopped:
                    self.ends("interrupted")
                    return say(f"stopped after step {self.calls}: --resume goes on with {self.out}")
            row = {"epoch": state["epoch"], "step": trainer.updates, "train": mean.values()}
            checked = self.evaluated(*self.validation)
            self.ended({**row, "seconds": self.elapsed(), **({"validation": checked} if checked else {})})
        tested = {"test": self.evaluated(*self.test)} if len(self.test[1]) >= batch else {}
        self.ends("patience" if state["epoch"] <= self.epochs else "finished", **tested)
        if tested:
            say(f"test: {told(tested['test'])}")

    def is_due(self):
        """Every half a minute, by the clock of the first process: all of them save at the same step."""
        if jax.process_count() == 1:
            return self.stopped or time.time() - self.saved > 30
        return self.state["step"] % 1000 == 0

    def is_over(self):
        """Has there been no better epoch for so long that the run ends?"""
        since = self.state["epoch"] - 1 - (self.best["epoch"] if self.best else 1)
        return self.state["epoch"] > 1 and since >= settings.get("patience", math.inf)

    def ended(self, row):
        """Takes note of an epoch: whether it is the best, and what learning rates make of that."""
        trainer, state, values = self.trainer, self.state, row.get("validation", row["train"])
        monitor = settings.get("monitor", "loss")
        value = values[monitor.removeprefix("-")]
        score = -value if monitor in manifest["metrics"] else value
        better = math.isfinite(score) and score < state["lowest"]
        if better:
            self.best, state["lowest"] = {"epoch": row["epoch"], "value": value}, score
            trainer.save(self.out / "best.safetensors", False, {**self.more, "epoch": str(row["epoch"])})
        state["worse"] = 0 if better else state["worse"] + 1
        if "plateau" in settings and state["worse"] > settings["plateau"]["patience"]:
            trainer.scale, state["worse"] = trainer.scale * settings["plateau"]["factor"], 0
        state |= {"epoch": row["epoch"] + 1, "before": state["step"], "step": 0, "sums": {"seen": 0, "of": {}}}
        self.note(row)
        self.save()
        checked = f"  validation: {told(row['validation'])}" if "validation" in row else ""
        say(f"epoch {row['epoch']}: {told(row['train'])}{checked}  {row['seconds']:.0f} s{'  best' if better else ''}")


def told(values):
    return "  ".join(f"{name} {value:.4g}" for name, value in values.items())


def say(text):
    if jax.process_index() == 0:
        print(text, flush=True)


# --- What else can be done with the modules.


def predict(trainer, data, path):
    """Writes the outputs for all rows; the last batch is filled up with the last row."""
    if not trainer.predict:
        raise wrong(f"{manifest['model']} has no outputs to predict")
    arrays = fed(data, [trainer.predict])
    count = next((len(array) for name, array in arrays.items() if divided[name]), batch)
    rows = np.minimum(np.arange(-(-count // batch) * batch), count - 1)
    made = [trainer.predict(trainer.state, some, trainer.counters()) for some in batches(arrays, rows)]
    outputs = {name: np.concatenate([fetched(each[name]) for each in made])[:count] for name in made[0]}
    if jax.process_index() == 0:
        np.savez(path, **outputs)
    say(f"{path}: {count} rows")


def portable(trainer, path):
    """Writes a step, or predict where there is none, for jax.export.deserialize(bytes).call(*tensors, *inputs, *counters)."""
    function = trainer.passes[0]["step"] if blocks else trainer.predict
    rows = {name: np.zeros(*kinds[name]) for name in divided}
    made = export.export(function.jit)(*function.arguments(trainer.state, rows, trainer.counters()))
    Path(path).write_bytes(made.serialize())
    say(f"{path}: {function.of['function']} on {made.nr_devices} devices ({', '.join(made.platforms)})")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    option = parser.add_argument
    option("data", nargs="?", help="the archive that nnc data writes, or a .safetensors file of the same arrays")
    option("--epochs", type=int, default=settings["epochs"], help="how often to go through the data")
    option("--out", help=f"the folder of the run (default: runs/{manifest['model']}, or the next that is free)")
    option("--resume", action="store_true", help="go on with the run in that folder; --epochs is how many it has in all")
    option("--from", dest="start", metavar="CHECKPOINT", help="start from the weights of a checkpoint, or of the best of a run")
    option("--hosts", help="how many processes there are, or auto")
    option("--host", type=int, help="which of them this is, from 0")
    option("--coordinator", metavar="HOST:PORT", help="where process 0 listens")
    option("--precision", choices=["default", "high", "highest"], default="highest", help="of products; highest is f32")
    option("--predict", metavar="OUT.npz", help="write the outputs for data instead of training")
    option("--portable", metavar="FILE", help="write a step as an artifact of jax.export instead of training")
    given = parser.parse_args()
    if given.data is None and not given.portable:
        parser.error("the following arguments are required: data")
    if given.epochs < 1:
        parser.error("--epochs is a whole number from 1")
    by_hand = given.host is not None and given.coordinator
    if given.hosts and given.hosts != "auto" and not (given.hosts.isdecimal() and by_hand):
        parser.error("--hosts is a number, with --host and --coordinator, or auto")
    out = folder(given.out, given.resume)
    if given.hosts:
        by_hand = (given.coordinator, int(given.hosts), given.host) if given.hosts != "auto" else ()
        jax.distributed.initialize(*by_hand)
    if batch % jax.device_count():
        raise wrong(f"{jax.device_count()} devices cannot share a batch of {batch} rows: export with another --batch")
    for name, text in texts.items():
        texts[name] = text.replace("DEFAULT", given.precision.upper())
    trainer = Trainer(Mesh(np.array(jax.devices()), ("rows",)))
    if given.start:
        start = Path(given.start)
        arrays, _ = read(start / "best.safetensors" if start.is_dir() else start)
        trainer.load({name: array for name, array in arrays.items() if not name.startswith("optimizer/")}, {})
    if given.portable:
        return portable(trainer, given.portable)
    source = Path(given.data).resolve()
    data = archived(source)
    if given.predict:
        return predict(trainer, data, given.predict)
    if not blocks:
        raise wrong(f"{manifest['model']} has no train block: --predict OUT.npz says what it makes of data")
    run = Run(trainer, data, source, out, given.epochs)
    run.begin(*(run.resume() if given.resume else ()))
    run.fit()


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        raise wrong(f"{error.filename}: {error.strerror}" if error.filename else error)
