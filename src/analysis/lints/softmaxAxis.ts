// `softmax-axis`: a softmax over the axis of the batch.
import { softmaxAxis as message } from '../../diagnostics/lints.js';
import type { Diagnostic } from '../../diagnostics/diagnostic.js';
import { constantOf } from '../../ir/index.js';
import type { ModelGraph } from '../../ir/model.js';
import { sharesOf } from '../../ir/recognise.js';
import { printType } from '../../ir/types.js';
import { doerOf, type Made } from './places.js';

/**
 * Of scores of each example against each the batch has two axes, and they are compared on purpose. The batch is the run-time size that every
 * input begins with.
 */
export function softmaxAxis({ inputs }: ModelGraph, made: readonly Made[]): Diagnostic[] {
  const firsts = inputs.map(({ type }) => type.shape.at(0)?.size);
  const [batch] = firsts;
  if (!batch || constantOf(batch) !== undefined || firsts.some((size) => size?.key !== batch.key)) return [];
  const told = new Set<unknown>();
  return made.flatMap(({ expression, node }) => {
    const shares = sharesOf(node);
    if (!shares || told.has(node)) return [];
    const { type } = shares.of;
    const axes = type.shape.flatMap(({ size }, i) => (size.key === batch.key ? [i] : []));
    if (axes.length !== 1 || !shares.total.attrs.axes.includes(axes[0])) return [];
    told.add(node);
    const [given] = expression.kind === 'call' ? expression.arguments : [];
    const of = given?.value.span;
    const axis = type.shape[axes[0]].name ?? `axis ${axes[0]}`;
    return [message({ span: doerOf(expression), axis, of, type: printType(type) })];
  });
}
