// Loops of a model printed by us: scan statements, and what their results are made of.
import type { Formula } from '../../ir/formula/tree.js';
import type { Node } from '../../ir/graph.js';
import { exactShape } from '../../ir/formula/exact.js';
import { constant as whole, printIndex } from '../../ir/index.js';
import { bodyRoots, inputsOfScan, type ScanNode } from '../../ir/ops/scan.js';
import { reachable } from '../../ir/reachable.js';
import { dim } from '../../ir/types.js';
import { bind, emitAll, named, type Body } from './nnStatements.js';

/** One scan for all results of a run. */
export function emitLoop(results: readonly ScanNode[], body: Body): void {
  const { words } = body;
  const { loop } = results[0].attrs;
  const { heads, starts, carried, known } = headOf(results[0], body);
  const inner: Body = { ...body, lines: [], indent: `${body.indent}  `, known };
  emitAll(reachable(bodyRoots(results)), inner, new Map());
  const wordOf = (node: Node, wanted: string): string => {
    const has = inner.known.get(node);
    return has?.kind === 'name' && !loop.carried.some((leaf) => leaf === node)
      ? has.title.word
      : bind(node, wanted, inner);
  };
  const before = new Map<number, string>();
  const emitted = new Map<Node, string>();
  for (const { attrs } of results) {
    const { result } = attrs;
    if (result.kind === 'stack' && !before.has(result.of))
      before.set(result.of, wordOf(loop.carried[result.of], `${carried[result.of]}_before`));
    if (result.kind === 'emit' && !emitted.has(result.of))
      emitted.set(result.of, wordOf(result.of, `${result.of.name ?? 'emitted'}_row`));
  }
  const nexts = loop.next.map((next, k) => wordOf(next, `${carried[k]}_next`));
  nexts.forEach((word, k) => {
    inner.lines.push(`${inner.indent}${carried[k]} := ${word}`);
    const formula = `${starts[k]} before the first round, then ${word} of the round before`;
    body.said.set(carried[k], { node: loop.carried[k], formula });
  });
  const emits = [...before.values(), ...emitted.values()];
  if (emits.length > 0) inner.lines.push(`${inner.indent}emit ${emits.join(', ')}`);
  const all = emits.map((word) => words.free(`${word}_all`));
  const left = all.length === 0 ? '' : `${all.join(', ')} = `;
  body.lines.push(`${body.indent}${left}scan ${heads.join(', ')} {`, ...inner.lines, `${body.indent}}`);
  const positions = [...before.keys()];
  const rowsOf = (node: ScanNode, at: number): string => {
    body.said.set(all[at], { node, formula: `${emits[at]} of all rounds` });
    return all[at];
  };
  for (const node of results) {
    const { result } = node.attrs;
    if (result.kind === 'emit')
      body.known.set(node, named(node, rowsOf(node, positions.length + [...emitted.keys()].indexOf(result.of))));
    else if (result.kind === 'final') body.known.set(node, named(node, carried[result.of]));
    else
      body.known.set(
        node,
        named(node, stackOf(node, rowsOf(node, positions.indexOf(result.of)), carried[result.of], body)),
      );
  }
}

/** What a scan goes over and carries, the words of what it carries, and what its body knows from the start. */
function headOf(first: ScanNode, body: Body) {
  const { loop } = first.attrs;
  const { sequences, starts: given, captured } = inputsOfScan(first);
  const { words } = body;
  const heads: string[] = [];
  const known = new Map<Node, Formula>();
  const wordOf = (node: Node, wanted: string): string => {
    const has = body.known.get(node);
    return has?.kind === 'name' ? has.title.word : bind(node, wanted, body);
  };
  loop.slices.forEach((leaf, i) => {
    const sequence = wordOf(sequences[i], `${leaf.attrs.name}_rows`);
    const word = words.free(leaf.attrs.name);
    heads.push(i === loop.slices.length - 1 ? `${word} in ${sequence} along 0` : `${word} in ${sequence}`);
    known.set(leaf, named(leaf, word));
    body.said.set(word, { node: leaf, formula: `a row of ${sequence} in each round` });
  });
  if (loop.slices.length === 0) heads.push(`${words.free('round')} in range(${printIndex(loop.length.size)})`);
  const starts = loop.carried.map((leaf, k) => wordOf(given[k], `${leaf.attrs.name}_start`));
  const carried = loop.carried.map((leaf, k) => {
    const word = words.free(leaf.attrs.name);
    heads.push(`${word} = ${starts[k]}`);
    known.set(leaf, named(leaf, word));
    return word;
  });
  loop.captured.forEach((leaf, i) => {
    known.set(leaf, body.known.get(captured[i]) ?? named(leaf, bind(captured[i], leaf.attrs.name, body)));
  });
  return { heads, starts, carried, known };
}

/** A carried value before each round and after the last. */
function stackOf(node: ScanNode, before: string, last: string, body: Body): string {
  const word = body.words.free(`${last}_path`);
  const shape = exactShape([dim(whole(1)), ...node.type.shape.slice(1)]);
  const formula = `concat([${before}, reshape(${last}, ${shape})], axis = 0)`;
  body.lines.push(`${body.indent}${word} = ${formula}`);
  body.said.set(word, { node, formula });
  return word;
}
