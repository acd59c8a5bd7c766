// The chain rule as it was used: of each cotangent what flows where from, by which rule, and by which equations it came into its form.
import { createWriter } from '../../ir/formula.js';
import { printFormula } from '../../ir/formula/text.js';
import { seen, type Formula } from '../../ir/formula/tree.js';
import { isOp, through, type Node } from '../../ir/graph.js';
import { leafName } from '../../ir/labels.js';
import { add } from '../../ir/ops/arithmetic.js';
import { filled } from '../../ir/ops/calls.js';
import { contract } from '../../ir/ops/contract.js';
import { broadcast } from '../../ir/ops/movement.js';
import { sameShape } from '../../ir/types.js';
import type { ChainStep } from '../../passes/derive/trace.js';
import { simplify } from '../../passes/derive/simplify.js';
import type { ChainRule, CotangentStep, RewriteStep, Step } from './data.js';
import type { Derived } from './derive.js';
import type { Scope } from './loops.js';

/** More equations than this say nothing. */
const mostRewrites = 40;

/** A step with its uses of the chain rule; steps that are no cotangents stay as they are. */
export function chainOf(
  derived: Derived,
  scope: Scope,
): {
  (step: Step, value: Node): CotangentStep;
  (step: Step): Step | CotangentStep;
} {
  const { trace } = derived;
  const uses = new Map<Node, ChainStep[]>();
  for (const step of trace.steps) uses.set(step.of, [...(uses.get(step.of) ?? []), step]);
  function chain(step: Step, value: Node): CotangentStep;
  function chain(step: Step): Step | CotangentStep;
  function chain(step: Step, value?: Node): Step | CotangentStep {
    const role = step.node?.role;
    const of = value ?? (role?.kind === 'cotangent' ? role.of : undefined);
    const steps = of && uses.get(of);
    if (!of || (!steps && !value)) return step;
    return {
      ...step,
      value: nameOf(of, scope),
      uses: (steps ?? []).map((use) => ruleOf(use, derived, scope)),
      rewrites: rewritesOf(steps ?? [], derived, scope),
    };
  }
  return chain;
}

function nameOf(value: Node, scope: Scope): string {
  const title = scope.names.titles.get(value);
  return title?.word ?? leafName(value) ?? value.name ?? '';
}

function ruleOf({ of, through: by, upstream, part }: ChainStep, derived: Derived, scope: Scope): ChainRule {
  const now = (node: Node): Node => derived.trace.became.get(node) ?? node;
  const above = scope.write(now(upstream));
  const write = createWriter((node) => (node === upstream ? above : namedIn(node, scope)), scope.reading.formOf);
  const whole = write(part);
  const local = localOf(of, by, upstream, part, derived, write);
  return { rule: by.op.rule ?? '', upstream: above, ...(local && { local }), part: whole };
}

/** What has a name is written by it. */
function namedIn(node: Node, scope: Scope): Formula | undefined {
  const formula = scope.names.titles.has(node) ? scope.write(node) : undefined;
  return formula?.kind === 'name' || formula?.kind === 'index' ? formula : undefined;
}

/** The factor beside the upstream cotangent: of a function element by element its derivative, of a product the other factor. */
function localOf(
  of: Node,
  by: Node,
  upstream: Node,
  part: Node,
  { model: { builder: g } }: Derived,
  write: (node: Node) => Formula,
): Formula | undefined {
  if (isOp(by, contract)) {
    const formula = seen(write(through(part, [broadcast])));
    if (formula.kind !== 'contraction' && formula.kind !== 'infix') return undefined;
    return holds(formula.left, upstream) ? formula.right : formula.left;
  }
  const { op } = by;
  if (!op.vjp || !by.inputs.every((input) => sameShape(input.type, by.type)) || by.type.element.kind !== 'f32')
    return undefined;
  const i = by.inputs.indexOf(of);
  const found = g.at(by.origin, () => op.vjp?.(filled(g, 1, by.type), by, g)[i]);
  return found && write(simplify([found], g, 'derived', [by, ...by.inputs])[0]);
}

/** Is a node the formula, or what it turns? */
function holds(formula: Formula, node: Node): boolean {
  const of = seen(formula);
  return of.node === node || (of.kind === 'transpose' && holds(of.of, node));
}

/** The equations that were used between a cotangent and those that it comes from, innermost first. */
function rewritesOf(steps: readonly ChainStep[], { trace, model }: Derived, scope: Scope): RewriteStep[] {
  const [first, ...others] = steps.map(({ part }) => part);
  if (!first) return [];
  const total = others.reduce((sum, part) => model.builder.make(add, [sum, part], {}), first);
  const now = (node: Node): Node => trace.became.get(node) ?? node;
  // What has a line of its own was rewritten there.
  const isEnd = (node: Node): boolean => node !== total && scope.names.titles.has(now(node));
  const above = createWriter((node) => (isEnd(node) ? scope.write(now(node)) : undefined), scope.reading.formOf);
  const found: RewriteStep[] = [];
  const done = new Set<Node>();
  const visit = (node: Node): void => {
    if (done.has(node) || isEnd(node) || node.role.kind === 'forward') return;
    done.add(node);
    for (const input of node.inputs) visit(input);
    const rewrite = trace.rewrites.get(node);
    if (!rewrite || found.length >= mostRewrites) return;
    const [from, to] = [above(rewrite.from), above(rewrite.to)];
    const seen = isEnd(rewrite.to) ? scope.define(now(rewrite.to)) : to;
    // What differs in nothing that a reader sees.
    if (printFormula(from, 'math') !== printFormula(seen, 'math')) found.push({ equation: rewrite.equation, from, to });
    visit(rewrite.to);
  };
  visit(total);
  return found;
}
