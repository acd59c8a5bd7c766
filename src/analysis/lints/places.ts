// Where values come from in the text: the expressions that make them.
import type { Span } from '../../diagnostics/diagnostic.js';
import type { Node } from '../../ir/graph.js';
import { reachable } from '../../ir/reachable.js';
import type { Expression } from '../../parser/tree.js';
import { eachExpression, partsOf } from '../../parser/walk.js';
import type { Analysis } from '../analyze.js';

/** An expression with its tensor. */
export interface Made {
  readonly expression: Expression;
  readonly node: Node;
  /** What it stands in, from the outside in. */
  readonly around: readonly Expression[];
}

/** All that a file's calls and operators make, in the order of the text, outer ones first. */
export function madeIn({ file, values }: Pick<Analysis, 'file' | 'values'>): readonly Made[] {
  const all: Made[] = [];
  eachExpression(file, (expression, around) => {
    if (expression.kind !== 'call' && expression.kind !== 'binary') return;
    const value = values.at(expression.span);
    if (value?.kind === 'tensor') all.push({ expression, node: value.node, around: [...around] });
  });
  return all;
}

/** Where a reader looks for what an expression does: at what a value is piped into. */
export function doerOf(expression: Expression): Span {
  return expression.kind === 'binary' && expression.operator === '|>' ? expression.right.span : expression.span;
}

/** The smallest expression in whose call a node is made: its value depends on the node, and nothing that it is given does. */
export function makerOf(node: Node, made: readonly Made[], values: Analysis['values']): Made | undefined {
  const depends = (one: Node): boolean => reachable([one]).includes(node);
  return made.findLast(
    (one) =>
      depends(one.node) &&
      !partsOf(one.expression).some((part) => {
        const value = values.at(part.span);
        return value?.kind === 'tensor' && depends(value.node);
      }),
  );
}
