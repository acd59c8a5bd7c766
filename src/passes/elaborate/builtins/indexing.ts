// Builtins that choose elements by index, and add to those that are chosen.
import { classMismatch, wrongElement, wrongShape } from '../../../diagnostics/types.js';
import type { Node } from '../../../ir/graph.js';
import { printIndex, type Index } from '../../../ir/index.js';
import { scatterAdd, takeAlong } from '../../../ir/ops/indexing.js';
import { dim, printDim, printShape, printType } from '../../../ir/types.js';
import { fail } from '../frame.js';
import { asF32, brief, labelled } from '../tensors.js';
import { tensorValue, type BuiltinCall, type BuiltinDefinition } from '../values.js';
import { given, node } from './arguments.js';

export const indexingBuiltins: readonly BuiltinDefinition[] = [
  {
    name: 'take_along',
    kind: 'indexing',
    forms: ['(x, ids)'],
    summary: 'The element of the last axis that each index names: [..., C] by index(C)[...] to [...].',
    example: 'take_along(logits, label)',
    apply(call) {
      const x = node(call, 'x');
      const { ids, size } = idsOf(call);
      const classes = x.type.shape[x.type.shape.length - 1];
      const [from, chosen] = [given(call, 'x'), given(call, 'ids')];
      const labels = [labelled(chosen, ids), labelled(from, x)];
      if (!classes || classes.size.key !== size.key)
        return fail(
          call.frame,
          classMismatch({
            labels,
            note: classes
              ? `the last dimension of ${brief(from, 'the first')} is ${printDim(classes)}, and ${brief(chosen, 'the second')} counts ${printIndex(size)} classes`
              : `${brief(from, 'the first')} is a scalar: it has no classes`,
          }),
        );
      const wide = [...ids.type.shape, classes];
      if (wide.length !== x.type.shape.length || wide.some((d, i) => d.size.key !== x.type.shape[i].size.key))
        return fail(
          call.frame,
          wrongShape({
            what: brief(chosen, 'the index'),
            labels,
            note: `one position of the last axis is chosen for each of the others, ${printShape(x.type.shape.slice(0, -1))}`,
          }),
        );
      return tensorValue(call.frame.context.g.make(takeAlong, [x, ids], {}));
    },
  },
  {
    name: 'scatter_add',
    kind: 'indexing',
    forms: ['(x, ids)'],
    summary:
      'Each element added to the row that its index names, the transpose of table[ids]: [..., d] by index(V)[...] to [V, d]. A row that none names is 0.',
    example: 'scatter_add(x, label)',
    apply(call) {
      const [from, chosen] = [given(call, 'x'), given(call, 'ids')];
      const x = asF32(call.frame, node(call, 'x'), from.span);
      const { ids, size } = idsOf(call);
      const { shape } = ids.type;
      if (shape.length > x.type.shape.length || shape.some((d, i) => d.size.key !== x.type.shape[i].size.key))
        return fail(
          call.frame,
          wrongShape({
            what: brief(from, 'what is added'),
            labels: [labelled(from, x), labelled(chosen, ids)],
            note: `each index names the row of what stands at its place: the first axes are those of ${brief(chosen, 'the index')}, ${printShape(shape)}`,
          }),
        );
      return tensorValue(call.frame.context.g.make(scatterAdd, [x, ids], { rows: dim(size) }));
    },
  },
];

/** The indices of a call, and what they count. */
function idsOf(call: BuiltinCall): { readonly ids: Node; readonly size: Index } {
  const ids = node(call, 'ids');
  const { element } = ids.type;
  if (element.kind === 'index') return { ids, size: element.size };
  const { span } = given(call, 'ids');
  return fail(call.frame, wrongElement({ expected: 'an index tensor', got: printType(ids.type), span }));
}
