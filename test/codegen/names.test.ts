// Names that are words of JavaScript, of WGSL or of modules themselves: as any part of a model, on every target.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { full } from '../support/full.js';
import { shadersOf, startGpu, type GpuProcess } from '../support/gpu.js';
import { plainText, runnableText, withoutTypes } from '../support/runnable.js';
import { importCode, type LoadedTrainer } from '../support/trainer.js';

const words = (
  'new typeof eval arguments await async let var class function this null undefined NaN Infinity void yield static enum ' +
  'Math Int32Array Float32Array Uint8Array ArrayBuffer WebAssembly Object Promise Array JSON Number Error Map ' +
  '__proto__ constructor prototype toString valueOf hasOwnProperty __defineGetter__ __metadata ' +
  'm inputs options memory trainer updates draws seed run use parameters shape data losses model batch rows known values ' +
  'parts lengths metadata resumes exports threads code team sleep arena buffer device views entries call shaders totals ' +
  'floats integers solveSize shapeOf checkShape wrongLength copyFloats copyIntegers reserve createMemory createTrainer ' +
  'initialize accept runStep writeTensors readTensors fitTrainer tensorsOf dispatch turn begin makeArena Memory Trainer ' +
  'Inputs Outputs Losses erf roundEven threefry i f32 vec4 fn loop array select exp abs local group ' +
  '_ __ ___ _0 σ W₁ W1 vectors workgroup storage private uniform read_write mat4x4 vec3u main'
).split(' ');
/** A name for each part, the others turned on by one each time. */
const parts = ['size', 'input', 'label', 'weight', 'state', 'hidden', 'output', 'loss', 'metric', 'model'] as const;
type Names = Readonly<Record<(typeof parts)[number], string>>;

const plain: Names = {
  ...{ size: 'n', input: 'x', label: 'kind', weight: 'w', state: 'kept', hidden: 'h', output: 'y' },
  ...{ loss: 'cost', metric: 'level', model: 'plain' },
};

function textOf(n: Names): string {
  return `model ${n.model} {
  input ${n.input}: [${n.size}, 2]
  input ${n.label}: index(3)[${n.size}]
  param ${n.weight}: [3, 2] = [[1, -0.5], [0.25, 2], [0.5, 0.5]]
  state ${n.state}: [2] = 0.5
  ${n.hidden} = ${n.input} * ${n.weight}[${n.label}] + ${n.state}
  ${n.state} := ${n.state} + mean(${n.input}, axis = 0)
  output ${n.output} = 2 * ${n.hidden} / sum(${n.hidden}^2)
  loss ${n.loss} = mean(${n.hidden}^2)
  metric ${n.metric} = mean(${n.hidden}) + ${n.size}
  train { optimizer = sgd(lr = 0.1, momentum = 0.9) }
}
`;
}

/** Everything that a trainer says in two steps, with the names of the plain model. */
function storyOf(trainer: LoadedTrainer, n: Names): unknown {
  const own = (object: object, name: string): unknown =>
    Object.hasOwn(object, name) ? Reflect.get(object, name) : `no ${name} in ${Object.keys(object).join(', ')}`;
  const list = (values: unknown): unknown => (ArrayBuffer.isView(values) ? [...(values as Float32Array)] : values);
  const inputs = Object.fromEntries([
    [n.input, Float32Array.of(1, 2, -3, 4, 0.5, 0.25)],
    [n.label, Int32Array.of(0, 2, 1)],
  ]);
  const losses = (of: object): unknown[] => ['loss', n.loss, n.metric].map((name) => own(of, name));
  const first = [losses(trainer.step(inputs)), losses(trainer.evaluate(inputs))];
  const checkpoint = trainer.save({ optimizer: true });
  const second = losses(trainer.step(inputs));
  trainer.load(checkpoint);
  return {
    first,
    second,
    again: losses(trainer.step(inputs)),
    outputs: list(own(trainer.predict(inputs), n.output)),
    gradients: list(own(trainer.gradients(inputs).gradients, n.weight)),
    weights: list(own(trainer.parameters, n.weight)),
  };
}

const turned = (at: number): Names => {
  const names = new Set<string>();
  for (let i = at; names.size < parts.length; i++) names.add(words[i % words.length]);
  const [...list] = names;
  return Object.fromEntries(parts.map((part, i) => [part, list[i]])) as Names;
};

/** Each word is the name of some part, and under FULL=1 of every part. */
const each = full ? 1 : parts.length - 1;
const beginnings = words.map((word, i) => [word, i] as const).filter(([, i]) => i % each === 0);

// A name that another part has a word for is its own: `W₁` and `W1` are two.
describe.each(['ts', 'wasm'] as const)('words as names on %s', (target) => {
  let expected: unknown;
  beforeAll(async () => {
    const { createTrainer } = await importCode(await runnableText(textOf(plain), { target }));
    expected = storyOf(await createTrainer(), plain);
  });
  it.each(beginnings)('%s and those after it', async (_, i) => {
    const names = turned(i);
    const { createTrainer } = await importCode(await runnableText(textOf(names), { target }));
    const trainer = await createTrainer({ batch: 2 });
    expect(storyOf(trainer, names)).toEqual(expected);
  });
});

describe('words as names on wgsl', () => {
  let gpu: GpuProcess;
  beforeAll(async () => {
    gpu = await startGpu('null');
  });
  afterAll(() => gpu?.end());
  it.each(beginnings)('%s and those after it', async (_, i) => {
    const names = turned(i);
    const code = await plainText(textOf(names), { target: 'wgsl' });
    expect(await gpu.validate(shadersOf(code)[0])).toEqual([]);
    // What it computes is nothing here, but it comes by the right names.
    const trainer = await gpu.createTrainer(await withoutTypes(code));
    const inputs = Object.fromEntries([
      [names.input, new Float32Array(6)],
      [names.label, new Int32Array(3)],
    ]);
    expect(Object.keys(await trainer.step(inputs))).toEqual(['loss', names.loss, names.metric]);
    expect(Object.keys(await trainer.predict(inputs))).toEqual([names.output]);
    expect(Object.keys(await trainer.read())).toEqual([names.weight]);
    await trainer.dispose();
  });
});
