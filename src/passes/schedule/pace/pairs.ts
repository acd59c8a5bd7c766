// Loops unrolled by two with an exit between the rounds. V8 puts every load of a stretch of code first and arithmetic as late as it can; a
// jump ends a stretch, and one that leaves the loop with its sums keeps their additions before it.
import { axesOf, strideOf, type Axis } from '../../../ir/index.js';
import { loadsOf } from '../../../ir/loads.js';
import type { Statement } from '../../../ir/program.js';
import { isLanes, type Scalar } from '../../../ir/scalar.js';
import { someOfIndex } from '../../../ir/walk.js';

/** With fewer sums of vectors V8 itself unrolls; the loads of more outgrow sixteen registers in one round. */
const [fewSums, manySums] = [5, 12];

/** Is it the loop of a tile, which is unrolled by two with an exit between the rounds? */
export function goesInPairs({ body, axis, last }: Statement & { kind: 'loop' }): boolean {
  let sums = 0;
  for (const statement of body)
    if (statement.kind === 'set' && isLanes(statement.value)) sums++;
    else if (statement.kind !== 'let') return false;
  return !last && sums >= fewSums && sums <= manySums && isSteady(body, axis);
}

/**
 * Every load of the next round is a constant further on, and in one of them that is more than nothing; the axis has no other use, and
 * what an address reads can be read before the loop.
 */
function isSteady(body: readonly Statement[], axis: Axis): boolean {
  let steady = true;
  let forward = false;
  const visit = (value: Scalar): void => {
    if (value.kind === 'index') steady &&= !axesOf(value.of).has(axis);
    else if (value.kind === 'apply') value.args.forEach(visit);
    else if (value.kind === 'splat' || value.kind === 'lane') visit(value.of);
  };
  for (const statement of body) {
    if (statement.kind !== 'let' && statement.kind !== 'set') return false;
    visit(statement.value);
    for (const { at, guarded } of loadsOf(statement.value)) {
      const stride = strideOf(at, axis) ?? -1;
      steady &&= stride >= 0 && !guarded && !someOfIndex(at, ({ kind }) => kind !== 'load');
      forward ||= stride > 0;
    }
  }
  return steady && forward;
}
