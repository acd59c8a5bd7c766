// What a kernel computes and where that comes from, as the comment above it.
import type { Kernel } from '../../ir/program.js';
import { comment } from './quote.js';

const width = 100;

/** What a kernel computes, as a comment. */
export function provenanceComment(kernel: Kernel): string {
  return comment(provenanceLines(kernel));
}

/** The formulas, with the source lines to the right of the last one, and the plan. */
export function provenanceLines({ provenance, plan }: Kernel): string[] {
  const lines = provenance.formulas.map(oneLine);
  const sources = oneLine(provenance.sources.join(', '));
  const last = lines.pop() ?? '';
  const gap = width - last.length - sources.length;
  if (sources === '' || last === '') lines.push(last || sources);
  else if (gap >= 4) lines.push(`${last}${' '.repeat(Math.min(gap, 8))}${sources}`);
  else lines.push(last, `    ${sources}`);
  if (plan) lines.push(plan.split('\n').map(oneLine).join('; '));
  return lines;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
