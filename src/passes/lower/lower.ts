// From a nest and its plan to a kernel: mechanical, and right for any plan.
import type { AnyNest, ExplicitNest, Kernel, Nest, Rows, Store, TargetTraits } from '../../ir/program.js';
import { one, sizesOf, toIndex, type Index } from '../../ir/index.js';
import type { Buffer, Scalar } from '../../ir/scalar.js';
import { plan as makePlan } from '../plan/plan.js';
import type { Estimate, NestPlan, Plan } from '../plan/types.js';
import { bufferNames, Names } from './names.js';
import { writeNest } from './nest.js';
import { partsOf } from './walk.js';
import { Writer } from './writer.js';

/** Plans and lowers. */
export function lowerNest(nest: AnyNest, target: TargetTraits, estimate: Estimate): Kernel {
  return lower(nest, makePlan(nest, target, estimate), target);
}

export function lower(nest: AnyNest, plan: Plan, _target: TargetTraits): Kernel {
  const { name, provenance } = nest;
  if (nest.kind === 'explicit') return { name, body: nest.body, scratch: [], plan: plan.text, provenance };
  const { buffers, sizes } = namesIn(nest);
  const lets = nest.kind === 'rows' ? oneElement(nest) : new Set<Buffer>();
  for (const buffer of lets) buffers.delete(buffer);
  const writer = new Writer(new Names([...bufferNames([...buffers, ...scratchOf(plan)]), ...sizes]));
  if (nest.kind === 'nest') {
    if (plan.kind !== 'nest') throw new Error(`${name}: a plan of ${plan.kind} for a nest`);
    writeNest(writer, nest, plan);
  } else {
    if (plan.kind !== 'rows') throw new Error(`${name}: a plan of ${plan.kind} for rows`);
    writeRows(writer, nest, plan.parts, lets);
  }
  return { name, body: writer.close(), scratch: scratchOf(plan), plan: plan.text, provenance };
}

function scratchOf(plan: Plan): Buffer[] {
  if (plan.kind === 'explicit') return [];
  const parts = plan.kind === 'rows' ? plan.parts : [plan];
  return parts.flatMap((p) => p.stages.map((s) => s.buffer));
}

/** One loop over the rows, the parts in order inside. What a part has stored is loaded after it. */
function writeRows(writer: Writer, nest: Rows, plans: readonly NestPlan[], lets: ReadonlySet<Buffer>): void {
  const [row] = writer.open(nest.row);
  const outer = new Map([[nest.row, { base: toIndex(row), count: 1 }]]);
  for (const part of nest.parts) for (const { to } of part.stores) writer.pins.set(to, writer.depth + 1);
  nest.parts.forEach((part, i) => {
    // A part of lets alone stays visible to those after it.
    const visible = part.stores.every((s) => lets.has(s.to));
    if (!visible) writer.open();
    writeNest(writer, part, plans[i], outer, lets);
    if (!visible) writer.flatten();
  });
  const body = writer.close();
  writer.push({ kind: 'loop', axis: row, to: row.extent, step: 1, as: 'serial', body });
}

/** Row buffers of one element that can be lets: stored by parts without axes that store nothing else. */
export function oneElement({ parts, rowLocal }: Rows): Set<Buffer> {
  const found = new Set(rowLocal.filter((b) => b.length.key === one.key));
  for (const part of parts)
    if (part.axes.length > 0 || part.stores.some((s) => !found.has(s.to)))
      for (const s of part.stores) found.delete(s.to);
  return found;
}

export function namesIn(nest: Exclude<AnyNest, ExplicitNest>): { buffers: Set<Buffer>; sizes: Set<string> } {
  const buffers = new Set<Buffer>();
  const sizes = new Set<string>();
  const seen = new Set<string>();
  const address = (at: Index): void => void sizesOf(at, sizes);
  const visit = (value: Scalar): void => {
    if (seen.has(value.key)) return;
    seen.add(value.key);
    if (value.kind === 'load') {
      buffers.add(value.from);
      address(value.at);
    } else if (value.kind === 'index') address(value.of);
    else if (value.kind === 'fold') for (const a of value.over) address(a.extent);
    for (const part of partsOf(value)) visit(part);
  };
  const parts: readonly Nest[] = nest.kind === 'rows' ? nest.parts : [nest];
  if (nest.kind === 'rows') address(nest.row.extent);
  for (const part of parts) {
    for (const axis of part.axes) address(axis.extent);
    for (const store of part.stores satisfies readonly Store[]) {
      buffers.add(store.to);
      address(store.at);
      visit(store.value);
    }
  }
  return { buffers, sizes };
}
