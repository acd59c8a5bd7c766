// Builtins for windows along axes: what convolution and pooling are written with.
import { wrongKind } from '../../../diagnostics/elaboration.js';
import { counted } from '../../../diagnostics/quote.js';
import { axisGivenTwice, wrongShape } from '../../../diagnostics/types.js';
import { add, constant as whole, constantOf, printIndex, scale, sub, type Index } from '../../../ir/index.js';
import type { SizeCondition } from '../../../ir/model.js';
import { overlapAdd, positionsIn, reachOf, window, type Windows } from '../../../ir/ops/windows.js';
import { knownOf } from '../../../ir/requirements.js';
import { dim, printDim, printType, type Dim, type TensorType } from '../../../ir/types.js';
import { axisOf } from '../axes.js';
import { fail } from '../frame.js';
import { wantedDim } from '../patterns.js';
import { isRequired, requireOfSizes } from '../sizeConditions.js';
import { asF32 } from '../tensors.js';
import { describe, tensorValue, type BuiltinCall, type BuiltinDefinition, type Value } from '../values.js';
import { given, node } from './arguments.js';

export const windowBuiltins: readonly BuiltinDefinition[] = [
  {
    name: 'window',
    kind: 'shape',
    forms: ['(x, size, stride = 1, dilation = 1, axis = -1)'],
    summary:
      'The windows of so many elements along an axis, or along several: positions where the axes were, then the offsets within a window, x[…, p * stride + k * dilation].',
    example: 'window(x, 3, stride = 2)',
    apply(call) {
      const x = node(call, 'x');
      const axes = axesGiven(call, x.type);
      const windows = windowsOf(call, axes, settings(call, 'size', axes.length));
      windows.axes.forEach((a, n) => checkFits(call, x.type, a, reachOf(windows.sizes[n], windows.dilations[n])));
      return tensorValue(call.frame.context.g.make(window, [x], windows));
    },
  },
  {
    name: 'overlap_add',
    kind: 'shape',
    forms: ['(x, stride = 1, dilation = 1, axis = -1, length = none)'],
    summary:
      'The transpose of window: each element of the result is the sum over the windows that hold it. The last axes of x are the offsets; axis counts those of the result, which are as long as the windows reach where no length is given.',
    example: 'overlap_add(window(x, 3), axis = 1)',
    apply(call) {
      const x = asF32(call.frame, node(call, 'x'), given(call, 'x').span);
      const count = axisItems(call).length;
      const { shape } = x.type;
      if (shape.length < 2 * count)
        return fail(
          call.frame,
          wrongKind({
            expected: `a tensor with ${counted(count, 'axis', 'axes')} of positions and as many of offsets`,
            got: describe(tensorValue(x)),
            span: given(call, 'x').span,
          }),
        );
      const positions = { element: x.type.element, shape: shape.slice(0, shape.length - count) };
      const sizes = shape.slice(positions.shape.length).map((d) => fixedSize(call, d));
      const windows = windowsOf(call, axesGiven(call, positions), sizes);
      const lengths = lengthsOf(call, windows, positions.shape);
      const result = positions.shape.map((d, i) => lengths[windows.axes.indexOf(i)] ?? d);
      return tensorValue(call.frame.context.g.make(overlapAdd, [x], { ...windows, shape: result }));
    },
  },
];

function axisItems(call: BuiltinCall): readonly Value[] {
  const value = call.given.get('axis')?.value;
  return value === undefined ? [{ kind: 'number', value: -1 }] : value.kind === 'list' ? value.items : [value];
}

/** The axes as they were given. */
function axesGiven(call: BuiltinCall, type: TensorType): number[] {
  const span = call.given.get('axis')?.span ?? call.span;
  const axes = axisItems(call).map((item) => axisOf(call.frame, { type }, item, span));
  const twice = axes.find((a, i) => axes.indexOf(a) < i);
  if (twice !== undefined || axes.length === 0)
    return fail(call.frame, axisGivenTwice({ axis: String(twice ?? ''), type: printType(type), span }));
  return axes;
}

/** A setting of whole numbers from 1 up: one for all axes, or a list with one for each. */
function settings(call: BuiltinCall, name: string, count: number, otherwise?: number): number[] {
  const argument = call.given.get(name);
  if (!argument && otherwise !== undefined) return Array.from({ length: count }, () => otherwise);
  const { value, span } = given(call, name);
  const items = value.kind === 'list' ? value.items : Array.from({ length: count }, () => value);
  const numbers = items.flatMap((item) => (item.kind === 'number' ? [item.value] : []));
  if (numbers.length !== items.length || items.length !== count || numbers.some((n) => !isSetting(n)))
    return fail(
      call.frame,
      wrongKind({
        expected: `a whole number from 1 up for ${name}${count > 1 ? `, or a list of ${count}` : ''}`,
        got: value.kind === 'list' && numbers.length === items.length ? `[${numbers.join(', ')}]` : describe(value),
        span,
      }),
    );
  return numbers;
}

function isSetting(n: number): boolean {
  return Number.isInteger(n) && n >= 1 && n < 2 ** 31;
}

/** The windows along the axes, which are put in ascending order with their settings. */
function windowsOf(call: BuiltinCall, axes: readonly number[], sizes: readonly number[]): Windows {
  const [strides, dilations] = ['stride', 'dilation'].map((name) => settings(call, name, axes.length, 1));
  const order = axes.map((_, i) => i).sort((a, b) => axes[a] - axes[b]);
  const sorted = (values: readonly number[]): number[] => order.map((i) => values[i]);
  return { axes: sorted(axes), sizes: sorted(sizes), strides: sorted(strides), dilations: sorted(dilations) };
}

/** A window is no longer than its axis; of a run-time axis each call checks it. */
function checkFits(call: BuiltinCall, type: TensorType, axis: number, reach: number): void {
  const condition: SizeCondition = {
    kind: 'compare',
    operator: '<=',
    left: whole(reach),
    right: type.shape[axis].size,
  };
  const known = knownOf(condition);
  if (known === true) return;
  const text = `a window reaches over ${counted(reach, 'element', 'elements')} of axis ${axis}`;
  if (known === undefined) {
    if (!isRequired(call.frame, condition)) requireOfSizes(call.frame, condition, text);
    return;
  }
  return fail(
    call.frame,
    wrongShape({
      what: 'x',
      labels: [{ span: given(call, 'x').span, text: printType(type) }],
      note: `${text}, which has ${printDim(type.shape[axis])}`,
    }),
  );
}

/** How many offsets there are: a number known while compiling. */
function fixedSize(call: BuiltinCall, d: Dim): number {
  return (
    constantOf(d.size) ??
    fail(
      call.frame,
      wrongKind({
        expected: 'a number of offsets known while compiling',
        got: `the size ${printIndex(d.size)}`,
        span: given(call, 'x').span,
      }),
    )
  );
}

/** How long the axes of the result are: as given, in the order of `axis`, or as long as the windows reach. */
function lengthsOf(call: BuiltinCall, windows: Windows, shape: readonly Dim[]): Dim[] {
  const argument = call.given.get('length');
  const { axes, sizes, strides, dilations } = windows;
  const reached = axes.map((a, n): Index => {
    const last = scale(sub(shape[a].size, 1), strides[n]);
    return add(last, reachOf(sizes[n], dilations[n]));
  });
  if (!argument || argument.value.kind === 'none') return reached.map((size) => dim(size));
  const items = argument.value.kind === 'list' ? argument.value.items : [argument.value];
  const wanted = items.map((item) => wantedDim(call.frame, item, argument.span));
  const given1 = axesGiven(call, { element: { kind: 'f32' }, shape });
  return axes.map((a, n) => {
    const length = wanted.at(given1.indexOf(a));
    const fits =
      wanted.length === axes.length &&
      length !== undefined &&
      positionsIn(length.size, sizes[n], strides[n], dilations[n]).key === shape[a].size.key;
    if (fits) return length;
    return fail(
      call.frame,
      wrongShape({
        what: 'the length',
        labels: [{ span: argument.span, text: `[${wanted.map(printDim).join(', ')}]` }],
        note: `${printIndex(shape[a].size)} windows reach over ${printIndex(reached[n])} elements of axis ${a}`,
      }),
    );
  });
}
