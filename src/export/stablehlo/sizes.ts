// Whether a model has static shapes once the number of rows is given: what else is known at run time only is an error.
import { exportUnsaid, exportUnfit } from '../../diagnostics/exports.js';
import { Fault } from '../../diagnostics/diagnostic.js';
import { everyNode } from '../../ir/bodies.js';
import { isOp, type Node } from '../../ir/graph.js';
import { sizesOf } from '../../ir/index.js';
import type { ModelGraph, ModelInput, Requirement } from '../../ir/model.js';
import { size } from '../../ir/ops/constants.js';
import { input } from '../../ir/ops/leaves.js';
import { holdsAt } from '../../ir/requirements.js';
import { sizeIn } from '../../ir/toldSizes.js';
import { declaredPlace, nameOf, placeOf, requiredPlace } from '../../inspect/health/places.js';

/** The size that counts the rows of an input: its first dimension, where that has a name alone. */
export function rowsOf({ type: { shape } }: ModelInput): string | undefined {
  return shape.length === 0 ? undefined : sizeIn(shape[0].size);
}

/** Refuses what one function has of sizes beside its number of rows. */
export function requireRows(model: ModelGraph, roots: readonly Node[]): void {
  const nodes = everyNode(roots);
  const rows = new Set(model.inputs.flatMap((each) => rowsOf(each) ?? []));
  const [known, ...others] = new Set(nodes.flatMap((node) => [...sizesIn(node)]));
  const other = known !== undefined && !rows.has(known) ? known : others[0];
  if (other === undefined) return;
  const found = nodes.find((node) => isOp(node, input) && sizesIn(node).has(other));
  const at = found ?? nodes.find((node) => sizesIn(node).has(other));
  const name = found && isOp(found, input) ? found.attrs.name : undefined;
  const of = name === undefined ? '' : ` of ${name}`;
  throw new Fault(
    exportUnsaid({
      format: 'StableHLO',
      what: `a size that is known at run time only: ${other}${of}`,
      span: name !== undefined ? declaredPlace(model, name) : at ? placeOf(at, model) : nameOf(model),
      notes: ['shapes are static there, and --batch gives one size, the number of rows'],
      help: `give ${other} a number in the model`,
    }),
  );
}

function sizesIn(node: Node): Set<string> {
  const found = new Set<string>();
  for (const dim of node.type.shape) sizesOf(dim.size, found);
  if (isOp(node, size)) sizesOf(node.attrs.of, found);
  return found;
}

/** Refuses a batch that does not fit what the model requires. */
export function requireBatch(model: ModelGraph, requirements: readonly Requirement[], batch: number): void {
  const broken = requirements.find(({ condition }) => !holdsAt(condition, () => batch));
  if (broken)
    throw new Fault(
      exportUnfit({
        batch,
        required: broken.text,
        owner: broken.owner ?? model.name,
        span: requiredPlace(model, broken),
      }),
    );
}
