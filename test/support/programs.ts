// Trainer programs made by hand, for tests of what is printed from them.
import * as ix from '../../src/ir/index.js';
import type { Builder, Node } from '../../src/ir/graph.js';
import type { ModelGraph } from '../../src/ir/model.js';
import type { Kernel, Provenance, Statement, Step, TrainerProgram } from '../../src/ir/program.js';
import { apply, indexValue, load, local, number, type Buffer, type Scalar } from '../../src/ir/scalar.js';
import { dim, f32, tensor, type TensorType } from '../../src/ir/types.js';

export const batch = ix.size('batch');
const [one, three] = [ix.constant(1), ix.constant(3)];

export function buffer(name: string, space: Buffer['space'], length: ix.Index, dtype: Buffer['dtype'] = 'f32'): Buffer {
  return { name, space, dtype, length };
}

export function kernel(name: string, body: readonly Statement[], provenance: Partial<Provenance> = {}): Kernel {
  const from: Provenance = {
    formulas: [`${name} = …`],
    sources: [{ file: 'linear.nn', line: 5 }],
    phase: 'forward',
    results: [],
    ...provenance,
  };
  return { name, body, scratch: [], plan: 'plain loops', provenance: from };
}

export function loop(axis: ix.Axis, body: readonly Statement[]): Statement {
  return { kind: 'loop', axis, to: axis.extent, step: 1, as: 'serial', body };
}

const times = (a: Scalar, b: Scalar): Scalar => apply('mul', a, b);
const plus = (a: Scalar, b: Scalar): Scalar => apply('add', a, b);

export interface LinearOptions {
  readonly accumulate?: number;
}

/**
 * Linear regression by group with momentum: prediction = x · W + offset[group], loss = mean (prediction - y)²,
 * jitter is a small random-looking number of the draw that the gradient of W is multiplied by.
 */
export function linear({ accumulate = 1 }: LinearOptions = {}): TrainerProgram {
  const rows: TensorType = tensor([dim(batch, 'batch'), dim(three)]);
  const labels: TensorType = tensor([dim(batch, 'batch')], { kind: 'index', size: ix.constant(2) });
  const column: TensorType = tensor([dim(batch, 'batch')]);
  const scalar: TensorType = tensor([], f32);
  const weights: TensorType = tensor([dim(three)]);
  const offsets: TensorType = tensor([dim(ix.constant(2))]);

  const x = buffer('x', 'input', ix.mul(batch, 3));
  const group: Buffer = { ...buffer('group', 'input', batch, 'i32'), below: 2 };
  const y = buffer('y', 'input', batch);
  const w = buffer('line.W', 'parameter', three);
  const offset = buffer('line.offset', 'parameter', ix.constant(2));
  const velocity = buffer('line.W.velocity', 'slot', three);
  const total = buffer('line.W.accumulated', 'slot', three);
  const steps = buffer('seen', 'state', one);
  const draw = buffer('draw', 'counter', one, 'i32');
  const prediction = buffer('prediction', 'arena', batch);
  const loss = buffer('loss', 'arena', one);
  const dW = buffer('d_line.W', 'arena', three);

  const b = ix.axis('batch', batch);
  const i = ix.axis('i', three);
  const [B, I] = [ix.atom(b), ix.atom(i)];
  const row = ix.add(ix.mul(B, 3), I);
  const acc = local('acc', 'f32');
  const forward = kernel(
    'prediction',
    [
      loop(b, [
        { kind: 'let', name: 'acc', value: number(0), mutable: true },
        loop(i, [{ kind: 'set', name: 'acc', value: plus(acc, times(load(x, row), load(w, I))) }]),
        {
          kind: 'store',
          to: prediction,
          at: B,
          value: plus(acc, load(offset, ix.atom({ kind: 'element', of: load(group, B) }))),
        },
      ]),
    ],
    {
      formulas: ['prediction = x @ line.W + line.offset[group]'],
      sources: [{ file: 'linear.nn', line: 8, call: 'line' }],
    },
  );
  const error = apply('sub', load(prediction, B), load(y, B));
  const count = apply('f32', indexValue(batch));
  const lossKernel = kernel('loss', [
    { kind: 'let', name: 'acc', value: number(0), mutable: true },
    loop(b, [{ kind: 'set', name: 'acc', value: plus(acc, times(error, error)) }]),
    { kind: 'store', to: loss, at: ix.zero, value: apply('div', acc, count) },
  ]);
  const jitter = plus(number(1), times(number(0.01), apply('f32', load(draw, ix.zero))));
  const gradient = kernel(
    'd_line.W',
    [
      loop(i, [
        { kind: 'let', name: 'acc', value: number(0), mutable: true },
        loop(b, [{ kind: 'set', name: 'acc', value: plus(acc, times(error, load(x, row))) }]),
        { kind: 'store', to: dW, at: I, value: times(jitter, apply('div', times(number(2), acc), count)) },
      ]),
    ],
    { phase: 'backward' },
  );
  const part = apply('div', load(dW, I), number(accumulate));
  const sum = accumulate > 1 ? plus(load(total, I), part) : part;
  const v = plus(times(number(0.9), load(velocity, I)), sum);
  const update = kernel(
    'update_line.W',
    [
      loop(i, [
        { kind: 'let', name: 'v', value: v },
        { kind: 'store', to: velocity, at: I, value: local('v', 'f32') },
        { kind: 'store', to: w, at: I, value: apply('sub', load(w, I), times(number(0.05), local('v', 'f32'))) },
        ...(accumulate > 1 ? [{ kind: 'store', to: total, at: I, value: number(0) } as const] : []),
      ]),
      { kind: 'store', to: steps, at: ix.zero, value: plus(load(steps, ix.zero), number(1)) },
    ],
    { phase: 'update' },
  );
  const add = kernel(
    'accumulate_line.W',
    [loop(i, [{ kind: 'store', to: total, at: I, value: plus(load(total, I), part) }])],
    {
      phase: 'update',
    },
  );
  const run = (...kernels: readonly Kernel[]): Step[] => kernels.map((k) => ({ kind: 'run', kernel: k }));
  const lossResult = { name: 'loss', buffer: loss };
  const inputs = ['x', 'group', 'y'];
  const all = [forward, lossKernel, gradient, update, ...(accumulate > 1 ? [add] : [])];
  const entry = <Name extends string>(name: Name, kernels: readonly Kernel[]) => ({
    name,
    steps: run(...kernels),
    inputs,
    results: [lossResult],
  });
  return {
    model: modelOf(accumulate),
    entries: {
      step: entry('step', [forward, lossKernel, gradient, update]),
      ...(accumulate > 1 && { accumulate: entry('accumulate', [forward, lossKernel, gradient, add]) }),
      gradients: {
        ...entry('gradients', [forward, lossKernel, gradient]),
        results: [lossResult, { name: 'line.W', buffer: dW }],
      },
      evaluate: entry('evaluate', [forward, lossKernel]),
      predict: {
        ...entry('predict', [forward]),
        inputs: ['x', 'group'],
        results: [{ name: 'prediction', buffer: prediction }],
      },
    },
    kernels: all,
    buffers: [x, group, y, w, offset, velocity, total, steps, draw, prediction, loss, dW],
    memory: {
      offsets: new Map([
        [loss, ix.zero],
        [dW, ix.constant(4)],
        [prediction, ix.constant(8)],
      ]),
      length: ix.add(batch, 8),
    },
    inputs: [
      { name: 'x', type: rows, buffer: x, forOutputs: true },
      { name: 'group', type: labels, buffer: group, forOutputs: true },
      { name: 'y', type: column, buffer: y, forOutputs: false },
    ],
    parameters: [
      { name: 'line.W', type: weights, initial: { kind: 'uniform', low: -1, high: 1 }, trained: true, buffer: w },
      { name: 'line.offset', type: offsets, initial: { kind: 'fill', value: 0.5 }, trained: false, buffer: offset },
    ],
    states: [{ name: 'seen', type: scalar, initial: { kind: 'fill', value: 0 }, buffer: steps }],
    averages: [],
    slots: [
      { parameter: 'line.W', name: 'velocity', initial: 0, type: weights, buffer: velocity },
      ...(accumulate > 1
        ? [{ parameter: 'line.W', name: 'accumulated', initial: 0, type: weights, buffer: total }]
        : []),
    ],
    counters: [{ name: 'draw', buffer: draw }],
    outputs: [{ name: 'prediction', type: column }],
  };
}

function modelOf(accumulate: number): ModelGraph {
  const unused = (): never => {
    throw new Error('this model has no graph');
  };
  const node: Node = { id: 0, op: { name: 'none' }, inputs: [], attrs: {}, type: tensor([]) } as unknown as Node;
  const mode = { outputs: [], loss: node, losses: [], totals: [], metrics: [], states: [], requirements: [] };
  return {
    builder: { make: unused } as unknown as Builder,
    name: 'linear',
    file: 'linear.nn',
    text: '// Linear regression by group.\nmodel linear {\n  …\n}\n',
    sources: new Map(),
    place: { start: 0, end: 0 },
    inputs: [],
    parameters: [],
    states: [],
    adapters: [],
    training: mode,
    evaluation: mode,
    observed: [],
    players: [{ accumulate, every: 1, updates: [] }],
    train: { batch: 4, epochs: 3, seed: 7, validation: 0, test: 0 },
  };
}
