// Where a nest comes from, in the model's own names, and what its kernel is called.
import { formulaOf, sourcesOf, type NameOf } from '../../ir/formula.js';
import type { Node } from '../../ir/graph.js';
import type { AnyNest, Nest, Provenance } from '../../ir/program.js';
import type { Draft } from './nests.js';

/** `nameOf` names what lies in a buffer; everything else is written out. */
export function provenanceOf(
  members: readonly Draft[],
  nameOf: NameOf,
  phaseOf: (node: Node) => Provenance['phase'],
): Provenance {
  const formulas: string[] = [];
  const sources = new Set<string>();
  for (const { nodes, nest } of members)
    nodes.forEach((node, i) => {
      formulas.push(`${nest.stores[i].to.name} = ${formulaOf(node, (n) => (n === node ? undefined : nameOf(n)))}`);
      for (const source of sourcesOf(node)) sources.add(source);
    });
  const phases = members.flatMap((m) => m.nodes).map(phaseOf);
  const phase = phases.includes('update') ? 'update' : phases.includes('backward') ? 'backward' : 'forward';
  return { formulas, sources: [...sources], phase };
}

/** What it stores last, or the parameters that it updates: `update_hidden_W`; the loop that does everything is `learn`. */
export function kernelName(nest: AnyNest): string {
  if (nest.kind === 'explicit') return nest.name;
  const parts: readonly Nest[] = nest.kind === 'rows' ? [...nest.parts, ...(nest.totals ?? [])] : [nest];
  const updated = new Set(parts.flatMap((p) => p.stores.map((s) => s.to)).filter((b) => b.space === 'parameter'));
  const [only, ...others] = updated;
  if (!only) return nest.name;
  if (others.length > 0) return 'learn';
  return `update_${only.name}`;
}
