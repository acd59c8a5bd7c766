// What the optimizer does with each gradient, over names for the gradients.
import { createWriter } from '../../ir/formula.js';
import { name, type Title } from '../../ir/formula/tree.js';
import { isOp, type Node } from '../../ir/graph.js';
import { gradient } from '../../ir/ops/leaves.js';
import { reachable } from '../../ir/reachable.js';
import { addUpdates, simplifyUpdates } from '../../passes/derive/derive.js';
import type { UpdateStep } from './data.js';
import type { Derived } from './derive.js';
import { stepOf } from './steps.js';

/** Slots first, then the weight by what they have become, as an optimizer is written; none where the model does not say how to train. */
export function updatesOf({ gradients, targets }: Derived): UpdateStep[] {
  if (!gradients) return [];
  const { step } = simplifyUpdates(addUpdates(gradients));
  const wanted = new Set(targets.map((target) => target.name));
  const own = step.filter(({ parameter }) => wanted.has(parameter));
  const clipping = reachable(own.map(({ node }) => node)).filter(
    (node) => node.name !== undefined && node.inputs.length > 0,
  );
  const byParameter = [...new Set(own.map(({ parameter }) => parameter))];
  return byParameter.flatMap((parameter, i) => {
    const list = own.filter((each) => each.parameter === parameter);
    const slots = list.filter(({ slot }) => slot !== undefined);
    const renewed = new Map(slots.map(({ node, slot }) => [node, slot ?? '']));
    const formula = (node: Node, whole: boolean) =>
      createWriter((n): string | Title | undefined => {
        if (isOp(n, gradient)) return { of: 'cotangent', word: n.attrs.parameter };
        if (n === node) return undefined;
        return clipping.includes(n) ? n.name : whole ? renewed.get(n) : undefined;
      })(node);
    const line = (title: Title, node: Node, whole = false): UpdateStep => ({
      ...stepOf(title, name(title), formula(node, whole), node),
      becomes: true,
      parameter,
    });
    const weights = list.filter(({ slot }) => slot === undefined);
    return [
      ...(i === 0
        ? clipping.map((node) => ({ ...line({ of: 'value', word: node.name ?? '' }, node), becomes: undefined }))
        : []),
      ...slots.map(({ slot, node }) => line({ of: 'value', word: slot ?? '' }, node)),
      ...weights.map(({ node }) => line({ of: 'value', word: parameter }, node, true)),
    ];
  });
}
