// What a kernel computes and where that comes from, as the comment above it.
import type { Kernel } from '../../ir/program.js';
import { printPlace, printSource } from '../../ir/source.js';
import { comment } from './quote.js';

const width = 100;

/** What a kernel computes, as a comment. */
export function provenanceComment(kernel: Kernel): string {
  return comment(provenanceLines(kernel));
}

/** `mnist.nn:9`, the line of what a kernel is named after; undefined where nobody wrote it. */
export function primaryPlace({ provenance: { sources } }: Kernel): string | undefined {
  return sources.length > 0 ? printPlace(sources[0]) : undefined;
}

/** What profilers, stacks and debuggers call a kernel: `d_logits mnist.nn:9`. */
export function kernelLabel(kernel: Kernel): string {
  return [kernel.name, primaryPlace(kernel)].filter((part) => part !== undefined).join(' ');
}

/** The formulas, with the source lines to the right of the last one, and the plan. */
export function provenanceLines({ provenance, plan }: Kernel): string[] {
  const lines = provenance.formulas.map(oneLine);
  const sources = oneLine(provenance.sources.map(printSource).join(', '));
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
