// The builtin that puts elements apart, into a larger shape: what the derivative of a slice is written with.
import { wrongShape } from '../../../diagnostics/types.js';
import type { Node } from '../../../ir/graph.js';
import { add, constantOf, scale, sub, zero } from '../../../ir/index.js';
import { spreadOut } from '../../../ir/ops/movement.js';
import { printShape, printType } from '../../../ir/types.js';
import { fail } from '../frame.js';
import { wantedDim } from '../patterns.js';
import { tensorValue, type BuiltinCall, type BuiltinDefinition } from '../values.js';
import { given, list, node, shape } from './arguments.js';

export const spreadingBuiltins: readonly BuiltinDefinition[] = [
  {
    name: 'spread_out',
    kind: 'shape',
    forms: ['(x, start, shape, step = 1)'],
    summary:
      'The elements put into a larger shape, each axis from its start on and `step` apart, 0 elsewhere: the transpose of x[start::step].',
    example: 'spread_out(x, [0, 2], [batch, 16])',
    apply: (call) => tensorValue(spread(call)),
  },
];

/** Elements apart from one another, of which the last must still lie within. */
function spread(call: BuiltinCall): Node {
  const x = node(call, 'x');
  const rank = x.type.shape.length;
  const wanted = shape(call, 'shape');
  const items = list(call, 'start');
  const starts = items.map((item) =>
    item.kind === 'number' && item.value === 0 ? zero : wantedDim(call.frame, item, given(call, 'start').span).size,
  );
  const step = call.given.get('step')?.value;
  const steps = wanted.map((_, i) => {
    const item = step?.kind === 'list' ? step.items[i] : step;
    return item === undefined ? 1 : item.kind === 'number' ? item.value : NaN;
  });
  const fits =
    wanted.length === rank &&
    starts.length === rank &&
    steps.every((s) => Number.isInteger(s) && s > 0) &&
    wanted.every(({ size }, i) => {
      const last = add(starts[i], scale(sub(x.type.shape[i].size, 1), steps[i]));
      return (constantOf(sub(size, add(last, 1))) ?? 0) >= 0;
    });
  if (!fits)
    return fail(
      call.frame,
      wrongShape({
        what: 'x',
        labels: [{ span: given(call, 'x').span, text: printType(x.type) }],
        note: `its elements do not all lie within ${printShape(wanted)}`,
      }),
    );
  return call.frame.context.g.make(spreadOut, [x], { starts, steps, shape: wanted });
}
