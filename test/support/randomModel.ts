// Random small models as .nn text, with inputs for them, and what they mean in double precision: what whole trainers are held against.
import fc from 'fast-check';
import { check, differentiateModel, type ModelGraph } from '../../src/index.js';
import { evaluate } from '../../src/ir/evaluate.js';
import type { Node } from '../../src/ir/graph.js';
import { evaluateSizes } from '../../src/ir/index.js';
import { elementCount } from '../../src/ir/types.js';
import { lossOf } from './loss.js';

export interface RandomModel {
  readonly text: string;
  /** Inputs for so many examples; the same for the same seed. */
  inputs(rows: number, seed: number): Record<string, Float32Array | Int32Array>;
}

const width = 4;
const classes = 3;

/** What takes [batch, width] to [batch, another width]; `kinks` bends sharply, where rounding could decide. */
const layers = fc.oneof(
  fc.record({
    kind: fc.constant('dense' as const),
    units: fc.constantFrom(1, 2, 3, 4, 5, 8, 17, 33),
    bias: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('function' as const),
    name: fc.constantFrom(
      ...['relu', 'leaky_relu', 'elu', 'selu', 'gelu', 'gelu_erf', 'silu', 'mish', 'hard_tanh', 'hard_sigmoid'],
      ...['sigmoid', 'tanh', 'softplus', 'softmax', 'log_softmax', 'sin', 'cos', 'exp', 'abs'],
    ),
  }),
  fc.record({ kind: fc.constant('layer' as const), name: fc.constantFrom('layer_norm', 'rms_norm', 'dropout(0.3)') }),
  fc.record({ kind: fc.constant('skip' as const) }),
  fc.record({
    kind: fc.constant('scan' as const),
    rounds: fc.integer({ min: 1, max: 4 }),
    name: fc.constantFrom('tanh', 'sigmoid', 'sin'),
    backwards: fc.boolean(),
    last: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('recurrent' as const),
    steps: fc.integer({ min: 1, max: 4 }),
    name: fc.constantFrom('rnn', 'lstm', 'gru'),
    units: fc.constantFrom(1, 3, 8),
  }),
);

const losses = [
  'mse',
  'mae',
  'huber',
  'cross_entropy',
  'binary_cross_entropy',
  'hinge',
  'nll',
  'kl_divergence',
] as const;

const recipe = fc.record({
  embedded: fc.boolean(),
  layers: fc.array(layers, { minLength: 1, maxLength: 5 }),
  losses: fc.uniqueArray(fc.constantFrom(...losses), { minLength: 1, maxLength: 2 }),
  penalty: fc.boolean(),
  memory: fc.constantFrom('fast', 'small'),
});

export const randomModel: fc.Arbitrary<RandomModel> = recipe.map((chosen) => ({
  text: textOf(chosen),
  inputs: (rows, seed) => inputsFor(chosen, rows, seed),
}));

type Recipe = typeof recipe extends fc.Arbitrary<infer Value> ? Value : never;

function textOf({ embedded, layers: list, losses: chosen, penalty, memory }: Recipe): string {
  const lines = [`input x: [batch, ${width}]`];
  if (embedded) lines.push('input word: index(6)[batch]');
  if (chosen.some((l) => usesTarget.has(l))) lines.push(`input target: [batch, ${classes}]`);
  if (chosen.some((l) => usesLabel.has(l))) lines.push(`input label: index(${classes})[batch]`);
  lines.push(embedded ? `h0 = x + (word |> embedding(${width}))` : 'h0 = x');
  const widths = [width];
  list.forEach((layer, i) => {
    const [before, size] = [`h${i}`, widths[i]];
    // A formula, how wide its value is, and a statement that stands before it.
    const next = (): [string, number, string?] => {
      switch (layer.kind) {
        case 'dense':
          return [`${before} |> dense(${layer.units}${layer.bias ? '' : ', bias = false'})`, layer.units];
        case 'function':
          // Kept small, so that exp of exp stays finite.
          return [layer.name === 'exp' ? `exp(tanh(${before}))` : `${before} |> ${layer.name}`, size];
        case 'layer':
          // One value alone normalises to its sign.
          return [size === 1 && layer.name.endsWith('norm') ? before : `${before} |> ${layer.name}`, size];
        case 'skip': {
          const earlier = widths.findIndex((w) => w === size);
          return [earlier === i ? `0.5 * ${before}` : `${before} * 0.5 + h${earlier}`, size];
        }
        case 'scan': {
          const { rounds, name, last } = layer;
          const head = `scan t in range(${rounds})${layer.backwards ? ' along 0 backwards' : ''}, s${i} = ${before}`;
          const body = `{ param V${i}: [${size}, ${size}] ~ orthogonal() s${i} := ${name}(s${i} @ V${i} + 0.3 * f32(t) * ${before})`;
          return [
            last ? `2 * s${i}` : `mean(path${i}, axis = 0)`,
            size,
            `${last ? '' : `path${i} = `}${head} ${body}${last ? '' : ` emit s${i}^2`} }`,
          ];
        }
        case 'recurrent': {
          const { steps, name, units } = layer;
          const rows = `broadcast(${before}[:, none, :], [batch, ${steps}, ${size}])`;
          return [`(${rows} * sin(1 + f32(range(${steps})))[:, none] |> ${name}(${units}))[:, -1]`, units];
        }
        default:
          return layer satisfies never;
      }
    };
    const [formula, units, statement] = next();
    if (statement !== undefined) lines.push(statement);
    lines.push(`h${i + 1} = ${formula}`);
    widths.push(units);
  });
  lines.push(`logits = h${list.length} |> dense(${classes})`, 'output p = softmax(logits)');
  for (const l of chosen) lines.push(`loss ${l}_loss = ${lossFormulas[l]}`);
  if (penalty) lines.push('loss penalty = 0.01 * mean(logits^2)');
  lines.push(`train { optimizer = sgd(lr = 0.1), batch = 7, memory = "${memory}" }`);
  return `model random {\n${lines.map((line) => `  ${line}\n`).join('')}}\n`;
}

const lossFormulas: Record<(typeof losses)[number], string> = {
  mse: 'mse(logits, target)',
  mae: 'mae(logits, target)',
  huber: 'huber(logits, target, delta = 0.7)',
  cross_entropy: 'cross_entropy(logits, label, label_smoothing = 0.1)',
  binary_cross_entropy: 'binary_cross_entropy(logits, sigmoid(target))',
  hinge: 'hinge(logits, tanh(target))',
  nll: 'nll(log_softmax(logits), label)',
  kl_divergence: 'kl_divergence(log_softmax(logits), softmax(target))',
};
const usesLabel: ReadonlySet<string> = new Set(['cross_entropy', 'nll']);
const usesTarget: ReadonlySet<string> = new Set(losses.filter((l) => !usesLabel.has(l)));

function inputsFor(
  { embedded, losses: chosen }: Recipe,
  rows: number,
  seed: number,
): Record<string, Float32Array | Int32Array> {
  let state = seed + 1;
  const draw = (): number => (state = (state * 48271) % 2147483647) / 2147483647;
  const floats = (count: number): Float32Array => Float32Array.from({ length: count }, () => 4 * draw() - 2);
  const below = (size: number): Int32Array => Int32Array.from({ length: rows }, () => Math.floor(size * draw()));
  return {
    x: floats(rows * width),
    ...(embedded && { word: below(6) }),
    ...(chosen.some((l) => usesTarget.has(l)) && { target: floats(rows * classes) }),
    ...(chosen.some((l) => usesLabel.has(l)) && { label: below(classes) }),
  };
}

export interface Meaning {
  readonly loss: number;
  readonly gradients: ReadonlyMap<string, Float64Array>;
}

/** Loss and gradients by the reference evaluator: in double precision, or with every step in f32. */
export function meaningOf(
  text: string,
  singles?: true,
): (
  inputs: Readonly<Record<string, ArrayLike<number>>>,
  parameters: Readonly<Record<string, ArrayLike<number>>>,
  rows: number,
  counters: Readonly<Record<string, number>>,
  sizes?: Readonly<Record<string, number>>,
) => Meaning {
  const { model, diagnostics } = check({ file: 'model.nn', text });
  if (!model) throw new Error(`${text}\n${diagnostics.map((d) => d.message).join('\n')}`);
  const { gradients, model: derived } = differentiateModel(model);
  const names = [...gradients.keys()];
  return (inputs, parameters, rows, counters, sizes) => {
    const leaf = (node: Node): ArrayLike<number> => leafOf(node, { inputs, parameters, counters }, derived, rows);
    const [loss, ...rest] = evaluate([lossOf(derived.training), ...gradients.values()], {
      leaf,
      sizes: { batch: rows, ...sizes },
      ...(singles && { singles }),
    });
    return { loss: loss[0], gradients: new Map(names.map((name, i) => [name, rest[i]])) };
  };
}

function leafOf(
  node: Node,
  given: {
    readonly inputs: Readonly<Record<string, ArrayLike<number>>>;
    readonly parameters: Readonly<Record<string, ArrayLike<number>>>;
    readonly counters: Readonly<Record<string, number>>;
  },
  model: ModelGraph,
  rows: number,
): ArrayLike<number> {
  const name = String(node.attrs.name);
  switch (node.op.name) {
    case 'input':
      return given.inputs[name];
    case 'parameter':
      return given.parameters[name];
    case 'counter':
      return [given.counters[name] ?? 0];
    case 'state': {
      const initial = model.states.find((s) => s.name === name)?.initial;
      const count = evaluateSizes(elementCount(node.type), () => rows);
      return new Float64Array(count).fill(initial?.kind === 'fill' ? initial.value : 0);
    }
    default:
      throw new Error(`what is ${node.op.name}?`);
  }
}
