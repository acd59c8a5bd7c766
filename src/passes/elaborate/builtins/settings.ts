// Builtins for what is not computed on tensors: initialisers, repetition, derivatives.
import { misplaced, wrongKind } from '../../../diagnostics/elaboration.js';
import { plateausDiffer } from '../../../diagnostics/training.js';
import { filled } from '../../../ir/ops/calls.js';
import { counter } from '../../../ir/ops/leaves.js';
import { toF32 } from '../../../ir/ops/logic.js';
import type { Node } from '../../../ir/graph.js';
import { constantOf } from '../../../ir/index.js';
import { differentiate } from '../../derive/differentiate.js';
import { separate } from '../calls.js';
import { asF32, toNode } from '../tensors.js';
import { fail, spend } from '../frame.js';
import {
  describe,
  isCallable,
  layerName,
  listValue,
  numberValue,
  partsOf,
  tensorValue,
  type BuiltinCall,
  type BuiltinDefinition,
  type Value,
} from '../values.js';
import { blockOf, checkSetting, finite, given, integer, node, number, shape } from './arguments.js';

const aNumber = { text: 'value is a number', fits: (n: number): boolean => !Number.isNaN(n) };
const share = { text: 'factor is above 0 and below 1', fits: (n: number): boolean => n > 0 && n < 1 };
const epochs = {
  text: 'patience is a whole number of epochs from 0 up',
  fits: (n: number): boolean => Number.isSafeInteger(n) && n >= 0,
};
const spread = { text: 'std is a finite number from 0 up', fits: (n: number): boolean => n >= 0 && n < Infinity };

export const settingBuiltins: readonly BuiltinDefinition[] = [
  {
    name: 'constant',
    kind: 'initialiser',
    forms: ['(value)'],
    summary: 'Every element the same; param b: [n] = 0 says it shorter.',
    example: 'constant(0.1)',
    apply: (call) => ({
      kind: 'initial',
      initial: { kind: 'fill', value: checkSetting(call, 'value', number(call, 'value'), aNumber) },
    }),
  },
  {
    name: 'normal',
    kind: 'initialiser',
    forms: ['(mean = 0, std = 1)'],
    summary: 'Draws of a normal distribution.',
    example: 'normal(std = 0.02)',
    apply(call) {
      const mean = checkSetting(call, 'mean', number(call, 'mean', 0), finite('mean'));
      const std = checkSetting(call, 'std', number(call, 'std', 1), spread);
      return { kind: 'initial', initial: { kind: 'normal', mean, std } };
    },
  },
  {
    name: 'uniform',
    kind: 'initialiser',
    forms: ['(low, high)'],
    summary: 'Uniform draws from low to high.',
    example: 'uniform(-0.1, 0.1)',
    apply(call) {
      const low = checkSetting(call, 'low', number(call, 'low'), finite('low'));
      const high = checkSetting(call, 'high', number(call, 'high'), {
        text: `high is a finite number from low = ${low} up`,
        fits: (n) => n >= low && n < Infinity,
      });
      return { kind: 'initial', initial: { kind: 'uniform', low, high } };
    },
  },
  {
    name: 'orthogonal',
    kind: 'initialiser',
    forms: ['(gain = 1)'],
    summary: 'A random matrix with orthonormal rows or columns, times gain (Saxe and others, 2014).',
    example: 'orthogonal()',
    apply: (call) => ({
      kind: 'initial',
      initial: { kind: 'orthogonal', gain: checkSetting(call, 'gain', number(call, 'gain', 1), finite('gain')) },
    }),
  },
  {
    name: 'fan_in',
    kind: 'static',
    forms: ['(shape)'],
    summary:
      'How many inputs reach a unit of weights of this shape: n of [n, units], and of a kernel [out, in, …] all but its first size.',
    example: 'sum(x) / fan_in(shape(x[0]))',
    apply: (call) => numberValue(fans(call)[0]),
  },
  {
    name: 'fan_out',
    kind: 'static',
    forms: ['(shape)'],
    summary:
      'How many outputs an input of weights of this shape reaches: units of [n, units], and of a kernel [out, in, …] all but its second size.',
    example: 'sum(x) / fan_out(shape(x[0]))',
    apply: (call) => numberValue(fans(call)[1]),
  },
  {
    name: 'run_length',
    kind: 'schedule',
    forms: ['()'],
    summary:
      'How many updates the run makes: as many as `fit` and `nnc train` are about to make, or the option `updates` of createTrainer. What `steps` of the schedules is by default; for schedules of your own, in the train block alone.',
    example: 'linear(from = 0.1, to = 0, steps = 0.5 * run_length())',
    apply(call) {
      const { g } = call.frame.context;
      if (!call.frame.inTrain)
        return fail(call.frame, misplaced({ what: 'run_length()', where: 'a model', span: call.span }));
      return tensorValue(g.make(toF32, [g.make(counter, [], { name: 'run' })], {}));
    },
  },
  {
    name: 'on_plateau',
    kind: 'schedule',
    forms: ['(lr, factor = 0.1, patience = 5)'],
    summary:
      "lr, times the trainer's `learningRateScale` as every learning rate is; `fit` and `nnc train` multiply that by `factor` after more than `patience` epochs in a row without a better value of what the run monitors (as PyTorch's ReduceLROnPlateau with threshold 0). lr may be a schedule.",
    example: 'on_plateau(1e-3, factor = 0.5)',
    apply(call) {
      const { frame, span } = call;
      if (!frame.inTrain) return fail(frame, misplaced({ what: 'on_plateau', where: 'a model', span }));
      const factor = checkSetting(call, 'factor', number(call, 'factor', 0.1), share);
      const patience = checkSetting(call, 'patience', number(call, 'patience', 5), epochs);
      const before = frame.context.plateau;
      if (before && (before.factor !== factor || before.patience !== patience))
        return fail(frame, plateausDiffer({ span, first: before.span }));
      frame.context.plateau = { factor, patience, span };
      const { value, span: place } = given(call, 'lr');
      if (value.kind === 'number' || value.kind === 'unknown' || isCallable(value)) return value;
      return tensorValue(toNode(frame, value, place));
    },
  },
  {
    name: 'repeat',
    kind: 'syntax',
    forms: ['(n, block)'],
    summary: 'A layer: n copies of a layer in sequence, each with parameters of its own.',
    example: 'x |> repeat(2, dense(8) >> relu)',
    apply(call) {
      const n = integer(call, 'n');
      if (n < 1 || n > 10_000)
        return fail(
          call.frame,
          wrongKind({ expected: 'a number of copies from 1 to 10000', got: String(n), span: given(call, 'n').span }),
        );
      const block = blockOf(call);
      const blockName = layerName(block);
      spend(call.frame, n * layersIn(block), given(call, 'block').span);
      const copies = Array.from({ length: n }, () => separate(block));
      return { kind: 'repeat', copies, ...(blockName !== undefined && { blockName }), instance: {} };
    },
  },
  {
    name: 'copy_of',
    kind: 'syntax',
    forms: ['(block)'],
    summary: 'The same layer with parameters of its own.',
    example: 'x |> dense(8) |> copy_of(dense(8))',
    apply(call) {
      const block = blockOf(call);
      spend(call.frame, layersIn(block), given(call, 'block').span);
      return separate(block);
    },
  },
  {
    name: 'grad',
    kind: 'syntax',
    forms: ['(e, x)', '(e, [x, y, …])'],
    summary:
      'The derivative of e, or of sum(e), with respect to x, as an expression; to any order. With respect to several tensors it is a list of one value for each, as in a, b = grad(e, [x, y]).',
    example: 'grad(sum(x^3), x)',
    apply(call) {
      const { g } = call.frame.context;
      const e = asF32(call.frame, node(call, 'e'), given(call, 'e').span);
      const { value } = given(call, 'x');
      const several = value.kind === 'list' || value.kind === 'tuple';
      const tensors = (several ? value.items : [value]).map((item) => differentiated(call, item));
      const found = differentiate(e, tensors, g, { by: e }).map((part, i) =>
        tensorValue(part ?? filled(g, 0, tensors[i].type)),
      );
      return several ? listValue(found) : found[0];
    },
  },
];

/** What a derivative is taken by: a tensor of numbers. */
function differentiated(call: BuiltinCall, value: Value): Node {
  const { span } = given(call, 'x');
  if (value.kind !== 'tensor')
    return fail(
      call.frame,
      wrongKind({ expected: 'a tensor to differentiate with respect to', got: describe(value), span }),
    );
  return asF32(call.frame, value.node, span);
}

/** How many values a copy of it makes. */
function layersIn(value: Value): number {
  return partsOf(value).reduce((n, part) => n + layersIn(part), 1);
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
