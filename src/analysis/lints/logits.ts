// What a softmax is applied to, as its author wrote it: what a loss should be given in its place.
import type { Fix } from '../../diagnostics/diagnostic.js';
import type { Node } from '../../ir/graph.js';
import type { Expression } from '../../parser/tree.js';
import type { Analysis } from '../analyze.js';
import type { TextOfModel } from './doubleSoftmax.js';
import { doerOf, makerOf, type Made } from './places.js';

export function textOfModel({ values, source }: Analysis, made: readonly Made[]): TextOfModel {
  const nodeOf = (expression: Expression): Node | undefined => {
    const value = values.at(expression.span);
    return value?.kind === 'tensor' ? value.node : undefined;
  };
  const textOf = ({ span }: Expression): string => source.text.slice(span.start, span.end);

  const fixOf = (outer: Node, inner: Node): Fix | undefined => {
    const loss = makerOf(outer, made, values)?.expression;
    const given = loss && operandsOf(loss).find((operand) => nodeOf(operand) === inner);
    const applied = made.findLast(({ node }) => node === inner)?.expression;
    const [logits] = applied ? operandsOf(applied) : [];
    // Elsewhere only a name means the same.
    if (!given || !logits || (applied !== given && logits.kind !== 'name')) return undefined;
    if (given.span.file !== source.file || logits.span.file !== source.file) return undefined;
    return { title: `give the loss ${textOf(logits)}`, edits: [{ span: given.span, text: textOf(logits) }] };
  };
  const placeOf = (node: Node) => {
    const maker = makerOf(node, made, values)?.expression;
    return maker && doerOf(maker);
  };
  return { placeOf, fixOf };
}

/** What a call, or a pipe, is given. */
function operandsOf(expression: Expression): readonly Expression[] {
  if (expression.kind === 'call') return expression.arguments.map(({ value }) => value);
  if (expression.kind !== 'binary' || expression.operator !== '|>') return [];
  return [expression.left, ...operandsOf(expression.right)];
}
