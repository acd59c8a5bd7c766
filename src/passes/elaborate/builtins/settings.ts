// Builtins for what is not computed on tensors: initialisers, data sources, repetition, derivatives.
import { notSupported, wrongKind } from '../../../diagnostics/elaboration.js';
import type { DataField, DataSource } from '../../../ir/model.js';
import { filled } from '../../../ir/ops/calls.js';
import { constantOf } from '../../../ir/index.js';
import { differentiate } from '../../differentiate.js';
import { configured, separate } from '../calls.js';
import { asF32 } from '../tensors.js';
import { fail, spend } from '../frame.js';
import { dataField } from '../train.js';
import {
  describe,
  isCallable,
  numberValue,
  tensorValue,
  type Builtin,
  type BuiltinCall,
  type Value,
} from '../values.js';
import { given, integer, node, number, shape } from './arguments.js';

export const settingBuiltins: readonly Builtin[] = [
  {
    name: 'constant',
    parameters: ['value'],
    apply: (call) => ({ kind: 'initial', initial: { kind: 'fill', value: number(call, 'value') } }),
  },
  {
    name: 'normal',
    parameters: ['mean', 'std'],
    required: 0,
    apply: (call) => ({
      kind: 'initial',
      initial: { kind: 'normal', mean: number(call, 'mean', 0), std: number(call, 'std', 1) },
    }),
  },
  {
    name: 'uniform',
    parameters: ['low', 'high'],
    apply: (call) => ({
      kind: 'initial',
      initial: { kind: 'uniform', low: number(call, 'low'), high: number(call, 'high') },
    }),
  },
  {
    name: 'orthogonal',
    parameters: ['gain'],
    required: 0,
    apply: (call) => ({ kind: 'initial', initial: { kind: 'orthogonal', gain: number(call, 'gain', 1) } }),
  },
  { name: 'fan_in', parameters: ['shape'], apply: (call) => numberValue(fans(call)[0]) },
  { name: 'fan_out', parameters: ['shape'], apply: (call) => numberValue(fans(call)[1]) },
  {
    name: 'repeat',
    parameters: ['n', 'block'],
    apply(call) {
      const n = integer(call, 'n');
      if (n < 1 || n > 10_000)
        return fail(
          call.frame,
          wrongKind({ expected: 'a number of copies from 1 to 10000', got: String(n), span: given(call, 'n').span }),
        );
      const argument = given(call, 'block');
      const block = configured(argument.value, call.frame, argument.span);
      if (!isCallable(block))
        return fail(call.frame, wrongKind({ expected: 'a layer', got: describe(block), span: argument.span }));
      const blockName =
        block.kind === 'function' && block.definition.kind === 'layer' ? block.definition.name.name : undefined;
      spend(call.frame, n * layersIn(block), argument.span);
      const copies = Array.from({ length: n }, () => separate(block));
      return { kind: 'repeat', copies, ...(blockName !== undefined && { blockName }), instance: {} };
    },
  },
  {
    name: 'grad',
    parameters: ['e', 'x'],
    apply(call) {
      const { g } = call.frame.context;
      const [e, x] = ['e', 'x'].map((name) => asF32(call.frame, node(call, name), given(call, name).span));
      if (given(call, 'x').value.kind !== 'tensor')
        return fail(
          call.frame,
          wrongKind({
            expected: 'a tensor to differentiate with respect to',
            got: describe(given(call, 'x').value),
            span: given(call, 'x').span,
          }),
        );
      const [found] = differentiate(e, [x], g);
      return tensorValue(found ?? filled(g, 0, x.type));
    },
  },
  ...(['csv', 'npz', 'safetensors', 'text', 'module'] as const).map((kind): Builtin => ({
    name: kind,
    parameters: ['path', 'fields…'],
    required: 1,
    apply: (call) => dataSource(call, kind),
  })),
  ...(['npy', 'idx'] as const).map((kind): Builtin => ({
    name: kind,
    parameters: ['fields…'],
    required: 0,
    apply: (call) => dataSource(call, kind),
  })),
  ...[
    'conv1d',
    'conv2d',
    'conv_transpose2d',
    'depthwise_conv2d',
    'max_pool2d',
    'avg_pool2d',
    'global_avg_pool2d',
    'attention',
    'transformer_block',
    'rnn',
    'lstm',
    'gru',
  ].map((name): Builtin => ({
    name,
    parameters: ['arguments…'],
    required: 0,
    apply: (call) => fail(call.frame, notSupported({ what: name, span: call.span })),
  })),
];

/** How many values a copy of it makes. */
function layersIn(value: Value): number {
  const parts = value.kind === 'composition' ? value.parts : value.kind === 'repeat' ? value.copies : [];
  return parts.reduce((n, part) => n + layersIn(part), 1);
}

/**
 * Fan-in and fan-out: rows and columns for W: [n, units]; as PyTorch counts them for convolutions, whose weights are
 * [channels out, channels in, …kernel].
 */
function fans(call: BuiltinCall): [number, number] {
  const sizes = shape(call, 'shape').map((d) => constantOf(d.size) ?? 1);
  if (sizes.length < 2) return [sizes[0] ?? 1, sizes[0] ?? 1];
  if (sizes.length === 2) return [sizes[0], sizes[1]];
  const field = sizes.slice(2).reduce((n, s) => n * s, 1);
  return [sizes[1] * field, sizes[0] * field];
}

function dataSource(call: BuiltinCall, kind: DataSource['kind']): Value {
  const fields: Record<string, DataField> = {};
  let path: string | undefined;
  for (const [name, argument] of call.given) {
    const value = dataField(argument.value, argument.span, call.frame);
    if (name === 'path' && typeof value === 'string') path = value;
    else fields[name] = value;
  }
  return { kind: 'data', source: { kind, ...(path !== undefined && { path }), fields } };
}
