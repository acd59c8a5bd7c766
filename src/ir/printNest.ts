// The printed form of nests: the axes that a nest goes over, and what it stores at every point of them.
import { printIndex, type Axis } from './index.js';
import { printAssignment, printAddress } from './printProgram.js';
import type { AnyNest, Nest } from './program.js';
import { printSource } from './source.js';

/** What a nest computes, in the model's names and in scalar expressions. */
export function printNest(nest: AnyNest, host = false): string {
  const { name, kind, provenance } = nest;
  const head = `${kind} ${name} (${provenance.phase}${host ? ', on the host' : ''})`;
  const comments = [...provenance.formulas, ...provenance.sources.map(printSource)].map((line) => `  // ${line}`);
  return [head, ...comments, ...bodyOf(nest)].join('\n');
}

function bodyOf(nest: AnyNest): string[] {
  switch (nest.kind) {
    case 'nest':
      return linesOf(nest, '  ');
    case 'rows': {
      const local = nest.rowLocal.map(({ name, length }) => `${name}[${printIndex(length)}]`);
      return [
        `  for each ${printAxis(nest.row)}`,
        ...(local.length > 0 ? [`    only here: ${local.join(', ')}`] : []),
        ...nest.parts.flatMap((part) => linesOf(part, '    ')),
        ...(nest.totals ?? []).flatMap((total) => ['  added up over the rows', ...linesOf(total, '    ')]),
      ];
    }
    default:
      return nest satisfies never;
  }
}

function linesOf({ axes, stores }: Nest, indent: string): string[] {
  const inner = axes.length > 0 ? `${indent}  ` : indent;
  return [
    ...(axes.length > 0 ? [`${indent}for ${axes.map(printAxis).join(', ')}`] : []),
    ...stores.flatMap(({ to, at, value }) => printAssignment(`${to.name}[${printAddress(at)}] =`, value, inner)),
  ];
}

/** `b < batch`. */
function printAxis({ name, extent, until }: Axis): string {
  return `${name} < ${printIndex(extent)}${until ? ` until ${printIndex(until)}` : ''}`;
}
