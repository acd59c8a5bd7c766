// Kernels whose loops run one inside the other.
import type { AnyNest, Kernel, Rows, TargetTraits } from '../../../ir/program.js';
import { add, toIndex, type Axis, type Index } from '../../../ir/index.js';
import type { Buffer, Scalar } from '../../../ir/scalar.js';
import type { NestPlan, Plan } from '../../../ir/nest/plans.js';
import { namesIn } from '../../../ir/nest/traverse.js';
import { rowLets } from './rowLets.js';
import { bufferNames, Names } from './names.js';
import { writeCut } from './cut.js';
import { writeNest } from './nest.js';
import { writeOrdered } from './ordered.js';
import { writeScatter } from './scatter.js';
import { writeRange } from './blocks.js';
import { addToTotals, closeTotals, openTotals, takeTotals } from './totals.js';
import { Writer } from './writer.js';

export function lowerSerial(nest: AnyNest, plan: Plan, target: TargetTraits): Kernel {
  const { name, provenance } = nest;
  const { buffers, sizes } = namesIn(nest);
  const lets = nest.kind === 'rows' && plan.kind === 'rows' ? rowLets(nest, plan.parts) : new Set<Buffer>();
  for (const buffer of lets) buffers.delete(buffer);
  const names = new Names([...bufferNames([...buffers, ...scratchOf(plan)]), ...sizes]);
  const write = (asked: 'long' | 'short'): Writer => {
    const writer = new Writer(names, target.blocks, asked, target.wide);
    writeAll(writer, nest, plan, lets);
    return writer;
  };
  const writer = write('long');
  const body = writer.close();
  const sharing = {
    own: ownBuffers(nest, plan).filter((b) => !lets.has(b)),
    nested: nest.kind === 'nest' && plan.kind !== 'cut' && !(plan.kind === 'ordered' && plan.rounds),
  };
  const kernel = { name, scratch: scratchOf(plan), plan: plan.text, provenance, sharing };
  const long = [...writer.longProducts.values()];
  if (long.length === 0) return { ...kernel, body };
  const terms = long.reduce<Index>((sum, l) => add(sum, l.terms), toIndex(0));
  const less = [toIndex(Math.min(...long.map((l) => l.most))), terms] as const;
  return { ...kernel, body: [{ kind: 'if', less, then: body, else: write('short').close() }] };
}

function writeAll(writer: Writer, nest: AnyNest, plan: Plan, lets: ReadonlySet<Buffer>): void {
  if (nest.kind === 'rows') {
    if (plan.kind !== 'rows') throw new Error(`${nest.name}: a plan of ${plan.kind} for rows`);
    writeRows(writer, nest, plan.parts, lets);
  } else if (plan.kind === 'scatter') writeScatter(writer, nest, plan);
  else if (plan.kind === 'cut') writeCut(writer, nest, plan);
  else if (plan.kind === 'ordered') writeOrdered(writer, nest, plan);
  else if (plan.kind === 'nest') writeNest(writer, nest, plan);
  else throw new Error(`${nest.name}: a plan of ${plan.kind} for a nest`);
}

/** What is written anew wherever it is used: stages within loops, and what one row holds for itself. */
function ownBuffers(nest: AnyNest, plan: Plan): Buffer[] {
  if (nest.kind === 'rows') return [...nest.rowLocal, ...scratchOf(plan)];
  if (plan.kind === 'scatter') return [plan.lost];
  if (plan.kind === 'cut') return plan.share ? [plan.blocks[0].stage.buffer] : scratchOf(plan);
  return plan.kind === 'nest' ? plan.stages.filter((s) => s.position > 0).map((s) => s.buffer) : [];
}

function scratchOf(plan: Plan): Buffer[] {
  if (plan.kind === 'ordered') return [];
  if (plan.kind === 'scatter') return [plan.lost, ...(plan.last ? [plan.last] : [])];
  if (plan.kind === 'cut') return [plan.sums, plan.lost, plan.blocks[0].stage.buffer];
  const parts = plan.kind === 'rows' ? plan.parts : [plan];
  return parts.flatMap((p) => p.stages.map((s) => s.buffer));
}

/** One loop over the rows, the parts in order inside. What a part has stored is loaded after it. */
function writeRows(writer: Writer, nest: Rows, plans: readonly NestPlan[], lets: ReadonlySet<Buffer>): void {
  const totals = openTotals(writer, nest.totals ?? [], nest.row);
  // With many accumulators the registers are taken: what is the same for every row is loaded in each.
  const pinned = totals.accumulators.size > fewAccumulators ? [...namesIn(nest).buffers] : [];
  const inRow = (row: Axis): void => {
    const outer = new Map([[nest.row, { base: toIndex(row), count: 1 }]]);
    for (const buffer of pinned) writer.pins.set(buffer, writer.depth);
    for (const part of nest.parts) for (const { to } of part.stores) writer.pins.set(to, writer.depth + 1);
    nest.parts.forEach((part, i) => {
      // What stands in lets stays visible to those after it.
      const made = new Map<string, Scalar>();
      writer.open();
      writeNest(writer, part, plans[i], outer, lets, made);
      writer.flatten();
      for (const [key, value] of made) writer.remember(writer.depth, key, value);
    });
    addToTotals(writer, totals, nest.row, row);
  };
  const { extent } = nest.row;
  const certain = totals.accumulators.size > 0 ? { atLeastOnce: true as const } : { parallel: true as const };
  const range = { axis: nest.row, to: extent, step: 1, rounds: extent, ...certain };
  writeRange(writer, range, totals.cut, inRow, () => takeTotals(writer, totals));
  for (const to of [...pinned, ...nest.parts.flatMap((part) => part.stores.map((s) => s.to))]) writer.pins.delete(to);
  closeTotals(writer, totals);
}

/** So many sums and the values of a row fit into the sixteen registers of most machines. */
const fewAccumulators = 6;
