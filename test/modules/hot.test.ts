// What a page has while Vite serves it, with modules as they are emitted: edits that come while something else is going on.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { buildModule } from '../../src/modules/build.js';
import { readHeader } from '../../src/codegen/runtime/safetensors.js';
import { keepTrainers, type TrainerModule } from '../../src/modules/hot.js';

const moons = readFileSync(join(import.meta.dirname, '../../examples/vite/src/moons.nn'), 'utf8');
const rows = 128;
const at = Float32Array.from({ length: 2 * rows }, (_, i) => Math.sin(i));
const upper = Float32Array.from({ length: rows }, (_, i) => i % 2);

interface Program {
  readonly stepCount: number;
  readonly parameters: Readonly<Record<string, Float32Array>>;
  step(inputs: object): unknown;
  freeze(patterns: readonly string[]): void;
  fit(data: object, options: object): AsyncIterable<{ readonly epoch: number; readonly heldOut?: object }>;
  dispose(): void;
}

let said: string[] = [];
let count = 0;
const folder = mkdtempSync(join(tmpdir(), 'nnc-hot-'));

beforeEach(() => {
  said = [];
  for (const kind of ['info', 'warn', 'error'] as const)
    vi.spyOn(console, kind).mockImplementation((message: string) => void said.push(message));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

/** The module of the example with another text, on a target: built once, and made anew each time. */
async function module(target: string, from: string | RegExp = /^$/g, to = ''): Promise<TrainerModule> {
  const text = moons.replaceAll(from, to);
  const key = `${target} ${text}`;
  const code = built.get(key) ?? (await build(target, text));
  built.set(key, code);
  return (await import(`data:text/javascript,${encodeURIComponent(`${code}\n// ${count++}`)}`)) as TrainerModule;
}

const built = new Map<string, string>();

async function build(target: string, text: string): Promise<string> {
  const path = join(mkdtempSync(`${folder}-`), `moons${built.size}.nn`);
  writeFileSync(path, text);
  const { code } = await buildModule(path, `target=${target}`);
  rmSync(join(path, '..'), { recursive: true });
  return code ?? '';
}

const settled = (): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, 50));

/** Waits until so many edits have taken the place of what was there. */
const exchanged = (edits: number): Promise<void> =>
  expect.poll(() => said.filter((message) => message.includes('goes on from')).length, { timeout: 10_000 }).toBe(edits);

it('lets go of a trainer that the program disposes of while it is exchanged, and of the one in its place', async () => {
  const hot = { data: {} };
  const edited = await module('wasm', '0.01', '0.02');
  const trainer = await keepTrainers(await module('wasm'), hot)();
  const disposed = vi.fn();
  const createTrainer: TrainerModule['createTrainer'] = async (options) => {
    const next = await edited.createTrainer(options);
    void trainer.dispose();
    return Object.assign(next, { dispose: disposed });
  };
  keepTrainers({ ...edited, createTrainer }, hot);
  await expect.poll(() => disposed.mock.calls.length).toBe(1);

  const another = await keepTrainers(edited, hot)();
  keepTrainers(edited, hot);
  void another.dispose();
  await settled();
  expect(said.filter((message) => !message.includes('goes on from'))).toEqual([]);
});

it('exchanges a trainer that was being made when the edit came', async () => {
  const hot = { data: {} };
  const made = keepTrainers(await module('wasm'), hot)();
  keepTrainers(await module('wasm', 'upper', 'above'), hot);
  const trainer = (await made) as unknown as Program;
  await exchanged(1);
  trainer.step({ at, above: upper });
  expect(trainer.stepCount).toBe(1);
});

it('keeps what is frozen, and says so where the edited model has none of it', async () => {
  const hot = { data: {} };
  const trainer = keepTrainers(await module('ts'), hot)() as unknown as Program;
  trainer.freeze(['z.dense.W']);
  const frozen = Float32Array.from(trainer.parameters['z.dense.W']);
  keepTrainers(await module('ts', '0.01', '0.02'), hot);
  await exchanged(1);
  trainer.step({ at, upper });
  expect(trainer.parameters['z.dense.W']).toEqual(frozen);
  expect(trainer.parameters['z.dense.b']).not.toEqual(new Float32Array(16));
  keepTrainers(await module('ts', /\bz\b/g, 'score'), hot);
  await expect.poll(() => said.at(-1), { timeout: 10_000 }).toBe('[nnc] moons: nothing is frozen any more');
});

it('tells once which rows a run holds back, and reports each epoch once', async () => {
  const hot = { data: {} };
  const trainer = keepTrainers(await module('ts'), hot)() as unknown as Program;
  const edited = await module('ts', '0.01', '0.02');
  const epochs: number[] = [];
  let told = 0;
  for await (const { epoch, heldOut } of trainer.fit({ at, upper }, { epochs: 4, validation: 0.25 })) {
    epochs.push(epoch);
    if (heldOut) told++;
    if (epoch !== 2) continue;
    keepTrainers(edited, hot);
    await exchanged(1);
  }
  expect(epochs).toEqual([1, 2, 3, 4]);
  expect(told).toBe(1);
});

it('disposes once of each trainer that two edits put aside while a run waits', async () => {
  const disposed: string[] = [];
  const watched = async (name: string, rate: string): Promise<TrainerModule> => {
    const made = await module('ts', '0.01', rate);
    return {
      ...made,
      createTrainer: async (options) => {
        const trainer = await made.createTrainer(options);
        return new Proxy(trainer, {
          get: (of, key) => (key === 'dispose' ? () => void disposed.push(name) : Reflect.get(of, key)),
        });
      },
    };
  };
  const hot = { data: {} };
  const [b, c] = [await watched('b', '0.02'), await watched('c', '0.03')];
  const trainer = (await keepTrainers(await watched('a', '0.01'), hot)()) as unknown as Program;
  for await (const { epoch } of trainer.fit({ at, upper }, { epochs: 3 })) {
    if (epoch !== 1) continue;
    keepTrainers(b, hot);
    keepTrainers(c, hot);
    await settled();
    expect(disposed).toEqual(['b']);
  }
  expect(disposed).toEqual(['b', 'a']);
  expect(trainer.stepCount).toBe(6);
});

it('says of a model that does not train that all parameters stay', async () => {
  const hot = { data: {} };
  const still = async (act: string): Promise<TrainerModule> =>
    module('ts', moons, `model m {\n  input x: [batch, 2]\n  output y = x |> dense(2) |> ${act}\n}\n`);
  keepTrainers(await still('tanh'), hot)();
  keepTrainers(await still('relu'), hot);
  await settled();
  expect(said).toEqual(['[nnc] m: edited; all parameters stay']);
});

it('keeps what the optimizer remembers of parameters that stay, where others are new', async () => {
  const hot = { data: {} };
  const trainer = keepTrainers(await module('ts'), hot)() as unknown as Program & { save(options: object): Uint8Array };
  const moments = (): ReadonlyMap<string, Float32Array> => {
    const file = trainer.save({ optimizer: true });
    const { tensors } = readHeader(file, (why) => new Error(why));
    return new Map([...tensors].map(([name, { from, to }]) => [name, new Float32Array(file.slice(from, to).buffer)]));
  };
  for (let i = 0; i < 3; i++) trainer.step({ at, upper });
  const before = moments();
  keepTrainers(await module('ts', 'dense(1)', 'dense(8) |> relu |> dense(1)'), hot);
  await exchanged(1);
  expect(said.at(-1)).toBe('[nnc] moons: edited; 4 of 8 parameters stay as they are, it goes on from update 3');
  expect(trainer.stepCount).toBe(3);
  const after = moments();
  const kept = [...after].filter(([name, values]) => before.get(name)?.length === values.length);
  expect(kept.map(([name]) => name)).toContain('optimizer/z.dense.W/m');
  for (const [name, values] of kept) expect([name, values]).toEqual([name, before.get(name)]);
  trainer.step({ at, upper });
  expect(trainer.stepCount).toBe(4);

  // Another optimizer remembers something else.
  const other = moons.replace('adam', 'sgd').replace('dense(1)', 'dense(3) |> dense(1)');
  keepTrainers(await module('ts', moons, other), hot);
  await expect
    .poll(() => said.at(-1), { timeout: 10_000 })
    .toBe('[nnc] moons: edited; 5 of 8 parameters stay as they are, the optimizer starts anew');
});

it('begins an average that is new with the weight that stays', async () => {
  const hot = { data: {} };
  const trainer = keepTrainers(await module('ts'), hot)() as unknown as Program & { predict(inputs: object): object };
  trainer.step({ at, upper });
  const before = trainer.predict({ at });
  keepTrainers(await module('ts', 'seed      = 1', 'seed      = 1\n    ema       = 0.9'), hot);
  await exchanged(1);
  expect(trainer.predict({ at })).toEqual(before);
});

it('takes no fault for what does not fit: it is told, the trainer stays, and the other is let go', async () => {
  const hot = { data: {} };
  const trainer = keepTrainers(await module('ts'), hot)() as unknown as Program;
  trainer.step({ at, upper });
  const edited = await module('ts', 'dense(1)', 'dense(8) |> dense(1)');
  const dispose = vi.fn();
  const load = (): never => {
    throw new TypeError('a fault');
  };
  const createTrainer: TrainerModule['createTrainer'] = async (options) =>
    Object.assign(Object.create(await edited.createTrainer(options)) as object, { load, dispose }) as never;
  keepTrainers({ ...edited, createTrainer }, hot);
  await expect
    .poll(() => said, { timeout: 10_000 })
    .toEqual(['[nnc] moons: the trainer stays the one before the edit']);
  expect(dispose.mock.calls.length).toBe(1);
  expect(trainer.stepCount).toBe(1);
  trainer.step({ at, upper });
  expect(trainer.stepCount).toBe(2);
});
