// Operators of ONNX that are functions of the language.
import { callOf, type Line } from '../draft.js';
import { given, numberOf, numbersOf, textOf, unsupported, type Value } from './flow.js';
import type { OnnxNode } from './graph.js';
import { layerHandlers, lineOf, printed, type Handler } from './layers.js';

const flow = (line: Line): Value => ({ kind: 'flow', line });

/** What the library calls a function of one value. */
const named =
  (name: string | ((node: OnnxNode) => string)): Handler =>
  (node, [value], importing) => {
    const text = typeof name === 'string' ? name : name(node);
    const passes = value?.kind === 'flow' && value.form === 'pooled';
    const line = importing.draft.pipe(passes ? value.line : lineOf(value, node, importing), { text });
    return passes ? { ...value, line } : flow(line);
  };

/** One that the library does not have, as a function of the file. */
const defined =
  (name: string, text: string): Handler =>
  (node, [value], importing) =>
    flow(importing.draft.pipe(lineOf(value, node, importing), { text: importing.draft.define(name, text) }));

const written =
  (text: (names: readonly string[], node: OnnxNode) => string): Handler =>
  (node, values, importing) => {
    const lines = values.map((value) => lineOf(value, node, importing));
    return flow(importing.draft.expression(lines, (...names) => text(names, node)));
  };

const nested = (name: string) =>
  written((names) => names.slice(1).reduce((all, next) => `${name}(${all}, ${next})`, names[0]));

const alongAxis =
  (name: string): Handler =>
  (node, [value], importing) => {
    const axis = numberOf(node, 'axis', -1);
    const line = lineOf(value, node, importing);
    if (axis === -1) return flow(importing.draft.pipe(line, { text: name }));
    return flow(importing.draft.expression([line], (x) => `${name}(${x}, axis = ${axis})`));
  };

const reduced =
  (name: string): Handler =>
  (node, values, importing) => {
    const axes = given(node, values, 1, 'axes');
    const axis = axes === undefined ? undefined : axes.length === 1 ? String(axes[0]) : `[${axes.join(', ')}]`;
    const keep = numberOf(node, 'keepdims', 1) === 1 ? 'true' : undefined;
    const line = lineOf(values[0], node, importing);
    return flow(importing.draft.expression([line], (x) => callOf(name, [x], { axis, keep })));
  };

const clipped: Handler = (node, values, importing) => {
  const [low, high] = ['min', 'max'].map(
    (name, i) => given(node, values, i + 1, name)?.[0] ?? numberOf(node, name, NaN),
  );
  const line = lineOf(values[0], node, importing);
  const { draft } = importing;
  if (low === 0 && high === 6)
    return flow(draft.pipe(line, { text: draft.define('relu6', 'fn relu6(x) = min(relu(x), 6)') }));
  if (Number.isNaN(high)) return flow(draft.expression([line], (x) => `max(${x}, ${printed(low)})`));
  if (Number.isNaN(low)) return flow(draft.expression([line], (x) => `min(${x}, ${printed(high)})`));
  return flow(draft.expression([line], (x) => `clamp(${x}, ${printed(low)}, ${printed(high)})`));
};

const transposed: Handler = (node, [value], importing) => {
  const order = numbersOf(node, 'perm');
  if (!order) throw unsupported(importing.file, node, 'it has no perm');
  if (value?.kind === 'flow' && String(order) === '1,0,2') {
    // Time before the batch, as recurrent layers of ONNX have it, and back.
    return value.form === 'time first'
      ? flow(value.line)
      : { ...value, line: lineOf(value, node, importing), form: 'time first' };
  }
  if (value?.kind === 'flow' && value.form === 'directions' && String(order) === '0,2,1,3')
    return { ...value, form: 'directions last' };
  const line = lineOf(value, node, importing);
  return flow(
    importing.draft.expression([line], (x) =>
      String(order) === '1,0' ? `transpose(${x})` : `permute(${x}, [${order.join(', ')}])`,
    ),
  );
};

const reshaped: Handler = (node, values, importing) => {
  const [value] = values;
  const shape = given(node, values, 1, 'shape');
  if (!shape)
    throw unsupported(
      importing.file,
      node,
      'its shape is computed',
      'export it with flatten, or with sizes that are given',
    );
  if (value?.kind === 'flow' && value.form === 'directions last' && shape.length === 3 && shape.at(-1) === -1)
    return { kind: 'flow', line: value.line, form: 'time first' };
  if (value?.kind === 'flow' && value.form === 'pooled' && shape.length === 2) return flow(value.line);
  const [first, ...rest] = shape;
  if (rest.includes(0)) throw unsupported(importing.file, node, 'a size of its shape is that of its input');
  const line = lineOf(value, node, importing);
  if (rest.length === 1 && rest[0] === -1 && first <= 0) return flow(importing.draft.pipe(line, { text: 'flatten' }));
  const sizes = [first <= 0 ? importing.batch : first, ...rest];
  return flow(importing.draft.expression([line], (x) => `reshape(${x}, [${sizes.join(', ')}])`));
};

const flattened: Handler = (node, [value], importing) => {
  if (numberOf(node, 'axis', 1) !== 1) throw unsupported(importing.file, node, 'it keeps more axes than the first');
  if (value?.kind === 'flow' && value.form === 'pooled') return flow(value.line);
  return flow(importing.draft.pipe(lineOf(value, node, importing), { text: 'flatten' }));
};

/** Slices of some axes: x[:, 0, ..., 1:]. */
function indexed(slices: ReadonlyMap<number, string>): string {
  const axes = [...slices.keys()];
  const fromStart = axes.filter((axis) => axis >= 0);
  const fromEnd = axes.filter((axis) => axis < 0);
  const most = Math.max(-1, ...fromStart);
  const head = Array.from({ length: most + 1 }, (_, i) => slices.get(i) ?? ':');
  const least = Math.min(0, ...fromEnd);
  const tail = Array.from({ length: -least }, (_, i) => slices.get(least + i) ?? ':');
  return [...head, ...(tail.length > 0 ? ['...', ...tail] : [])].join(', ');
}

const squeezed: Handler = (node, values, importing) => {
  const [value] = values;
  const axes = given(node, values, 1, 'axes');
  if (!axes) throw unsupported(importing.file, node, 'its axes are not given');
  if (value?.kind === 'flow' && value.form === 'directions' && String(axes) === '1')
    return { kind: 'flow', line: value.line, form: 'time first' };
  if (value?.kind === 'flow' && value.form === 'pooled' && ['2,3', '-1,-2', '-2,-1', '3,2'].includes(String(axes)))
    return flow(value.line);
  const line = lineOf(value, node, importing);
  return flow(importing.draft.expression([line], (x) => `${x}[${indexed(new Map(axes.map((axis) => [axis, '0'])))}]`));
};

const unsqueezed: Handler = (node, values, importing) => {
  const axes = given(node, values, 1, 'axes');
  if (!axes) throw unsupported(importing.file, node, 'its axes are not given');
  const line = lineOf(values[0], node, importing);
  return flow(
    importing.draft.expression([line], (x) => `${x}[${indexed(new Map(axes.map((axis) => [axis, 'none'])))}]`),
  );
};

const sliced: Handler = (node, values, importing) => {
  const [starts, ends] = ['starts', 'ends'].map((name, i) => given(node, values, i + 1, name));
  const axes = given(node, values, 3, 'axes') ?? starts?.map((_, i) => i);
  const steps = given(node, values, 4, 'steps') ?? starts?.map(() => 1);
  if (!starts || !ends || !axes || !steps || steps.some((step) => step < 1))
    throw unsupported(importing.file, node, 'its bounds are computed, or it goes backwards');
  const far = 2 ** 30;
  const text = starts.map(
    (start, i) => `${start || ''}:${Math.abs(ends[i]) > far ? '' : ends[i]}${steps[i] === 1 ? '' : `:${steps[i]}`}`,
  );
  const line = lineOf(values[0], node, importing);
  return flow(
    importing.draft.expression([line], (x) => `${x}[${indexed(new Map(axes.map((axis, i) => [axis, text[i]])))}]`),
  );
};

/** Rows of a table, or one index along an axis. */
const gathered: Handler = (node, [data, ids], importing) => {
  const { file, draft, weights } = importing;
  const axis = numberOf(node, 'axis', 0);
  if (data?.kind === 'constant' && ids?.kind === 'flow' && axis === 0 && data.tensor.dims.length === 2) {
    const module = weights.module(node);
    weights.add([module, 'weight'], data.tensor.dims, data.tensor.numbers, data.name);
    const text = callOf('embedding', [String(data.tensor.dims[1])], {});
    return flow(draft.pipe(lineOf(ids, node, importing), { text, layer: 'embedding', source: [module], begins: true }));
  }
  if (data?.kind !== 'flow' || ids?.kind !== 'constant' || ids.tensor.dims.length > 0)
    throw unsupported(file, node, 'it gathers neither rows of a table nor one index');
  const at = ids.tensor.numbers[0];
  return flow(
    draft.expression([lineOf(data, node, importing)], (x) => `${x}[${indexed(new Map([[axis, String(at)]]))}]`),
  );
};

const concatenated: Handler = (node, values, importing) => {
  const lines = values.map((value) => lineOf(value, node, importing));
  return flow(
    importing.draft.expression(
      lines,
      (...names) => `concat([${names.join(', ')}], axis = ${numberOf(node, 'axis', 0)})`,
    ),
  );
};

const padding: Handler = (node, values, importing) => {
  const pads = given(node, values, 1, 'pads');
  if (!pads || textOf(node, 'mode', 'constant') !== 'constant')
    throw unsupported(importing.file, node, 'its pads are computed, or what they hold');
  const rank = pads.length / 2;
  const pairs = Array.from({ length: rank }, (_, i) => `[${pads[i]}, ${pads[rank + i]}]`).join(', ');
  const outside = given(node, values, 2, 'value')?.[0] ?? 0;
  const line = lineOf(values[0], node, importing);
  return flow(
    importing.draft.expression([line], (x) =>
      callOf('pad', [x, `[${pairs}]`], { value: outside === 0 ? undefined : printed(outside) }),
    ),
  );
};

const same: Handler = (node, [value], { file }) => {
  if (!value) throw unsupported(file, node, 'it is given nothing');
  return value;
};

const slope = (node: OnnxNode, name: string, usual: number, own: number): string | undefined => {
  const value = numberOf(node, name, usual);
  return Math.abs(value - own) < 1e-7 ? undefined : printed(value);
};

/** By the operator, all that gives one value. */
export const handlers: ReadonlyMap<string, Handler> = new Map(
  Object.entries({
    ...layerHandlers,
    ...Object.fromEntries(
      [
        'Relu',
        'Sigmoid',
        'Tanh',
        'Softplus',
        'Selu',
        'Exp',
        'Log',
        'Sqrt',
        'Abs',
        'Erf',
        'Sin',
        'Cos',
        'Floor',
        'Ceil',
        'Round',
        'Sign',
        'Mish',
      ].map((operator) => [operator, named(operator.toLowerCase())]),
    ),
    Gelu: named((node) => (textOf(node, 'approximate', 'none') === 'tanh' ? 'gelu' : 'gelu_erf')),
    LeakyRelu: named((node) => callOf('leaky_relu', [], { slope: slope(node, 'alpha', 0.01, 0.01) })),
    Elu: named((node) => callOf('elu', [], { alpha: slope(node, 'alpha', 1, 1) })),
    HardSigmoid: written(
      ([x], node) =>
        `clamp(${printed(numberOf(node, 'alpha', 0.2))} * ${x} + ${printed(numberOf(node, 'beta', 0.5))}, 0, 1)`,
    ),
    HardSwish: defined('hard_swish', 'fn hard_swish(x) = x * hard_sigmoid(x)'),
    Softsign: defined('softsign', 'fn softsign(x) = x / (1 + abs(x))'),
    Softmax: alongAxis('softmax'),
    LogSoftmax: alongAxis('log_softmax'),
    Neg: written(([x]) => `-${x}`),
    Reciprocal: written(([x]) => `1 / ${x}`),
    Add: written(([a, b]) => `${a} + ${b}`),
    Sub: written(([a, b]) => `${a} - ${b}`),
    Mul: written(([a, b]) => `${a} * ${b}`),
    Div: written(([a, b]) => `${a} / ${b}`),
    Pow: written(([a, b]) => `${a}^${b}`),
    MatMul: written(([a, b]) => `${a} @ ${b}`),
    Einsum: written(
      (names, node) => `einsum("${textOf(node, 'equation', '').replaceAll(' ', '')}", ${names.join(', ')})`,
    ),
    Sum: written((names) => names.join(' + ')),
    Mean: written((names) => `(${names.join(' + ')}) / ${names.length}`),
    Min: nested('min'),
    Max: nested('max'),
    ReduceMean: reduced('mean'),
    ReduceSum: reduced('sum'),
    ReduceMax: reduced('max'),
    ReduceMin: reduced('min'),
    ReduceProd: reduced('prod'),
    Clip: clipped,
    Transpose: transposed,
    Reshape: reshaped,
    Flatten: flattened,
    Squeeze: squeezed,
    Unsqueeze: unsqueezed,
    Slice: sliced,
    Gather: gathered,
    Concat: concatenated,
    Pad: padding,
    Identity: same,
    Dropout: same,
    Cast: same,
  } satisfies Record<string, Handler>),
);
