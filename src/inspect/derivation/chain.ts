// The chain rule as it was used: of each cotangent what flows where from, by which rule, and by which equations it came into its form.
import { createWriter } from '../../ir/formula.js';
import { printFormula } from '../../ir/formula/text.js';
import { seen, type Formula } from '../../ir/formula/tree.js';
import { isOp, through, type Builder, type Node } from '../../ir/graph.js';
import { leafName } from '../../ir/labels.js';
import { add } from '../../ir/ops/arithmetic.js';
import { filled } from '../../ir/ops/calls.js';
import { contract } from '../../ir/ops/contract.js';
import { broadcast } from '../../ir/ops/movement.js';
import { bound, scan } from '../../ir/ops/scan.js';
import { sameShape } from '../../ir/types.js';
import type { ChainStep } from '../../passes/derive/trace.js';
import { simplify } from '../../passes/derive/simplify.js';
import type { ChainRule, CotangentStep, RewriteStep, Step } from './data.js';
import type { Derived } from './derive.js';
import type { Loops, Scope } from './loops.js';

/** More equations than this say nothing. */
const mostRewrites = 40;

/** A step with its uses of the chain rule; steps that are no cotangents stay as they are. */
export function chainOf(
  derived: Derived,
  scope: Scope,
  loops: Loops,
): {
  (step: Step, value: Node): CotangentStep;
  (step: Step): Step | CotangentStep;
} {
  const { trace } = derived;
  const uses = new Map<Node, ChainStep[]>();
  for (const step of trace.steps) uses.set(step.of, [...(uses.get(step.of) ?? []), step]);
  const carried = carriedBy(uses, derived);
  function chain(step: Step, value: Node): CotangentStep;
  function chain(step: Step): Step | CotangentStep;
  function chain(step: Step, value?: Node): Step | CotangentStep {
    const role = step.node?.role;
    const of = value ?? (role?.kind === 'cotangent' ? role.of : undefined) ?? (step.node && carried.get(step.node));
    const steps = of && uses.get(of);
    if (!of || (!steps && !value)) return step;
    return {
      ...step,
      value: nameOf(of, scope, step),
      uses: (steps ?? []).map((use) => ruleOf(use, derived, scope, loops)),
      rewrites: rewritesOf(steps ?? [], derived, scope, loops),
    };
  }
  return chain;
}

/** What a round hands back is the derivative by what the loop carries: which leaf, by the sum of what flows to it. */
function carriedBy(uses: ReadonlyMap<Node, readonly ChainStep[]>, { trace, model }: Derived): Map<Node, Node> {
  const found = new Map<Node, Node>();
  for (const [of, steps] of uses) {
    if (!isOp(of, bound)) continue;
    const total = totalOf(steps, model.builder);
    if (total) found.set(trace.became.get(total) ?? total, of);
  }
  return found;
}

function totalOf(steps: readonly ChainStep[], g: Builder): Node | undefined {
  const [first, ...others] = steps.map(({ part }) => part);
  return first && others.reduce((sum, part) => g.make(add, [sum, part], {}), first);
}

function nameOf(value: Node, scope: Scope, { title: own }: Step): string {
  const title = scope.names.titles.get(value);
  const word = own.of === 'value' ? '' : own.of === 'delta' ? `z_${own.word}` : own.word;
  return title?.word ?? leafName(value) ?? value.name ?? word;
}

function ruleOf(
  { of, through: by, upstream, part }: ChainStep,
  derived: Derived,
  scope: Scope,
  loops: Loops,
): ChainRule {
  const now = (node: Node): Node => derived.trace.became.get(node) ?? node;
  const above = scope.write(now(upstream));
  const write = createWriter((node) => {
    if (node === part) return undefined;
    return node === upstream ? above : namedIn(node, scope, loops);
  }, scope.reading.formOf);
  // What a loop makes is told round by round.
  const whole = isOp(by, scan) ? scope.define(now(part)) : write(part);
  const local = localOf(of, by, upstream, part, derived, write);
  return { rule: by.op.rule ?? '', upstream: above, ...(local && { local }), part: whole };
}

/** What has a name is written by it, in this body or another one. */
function namedIn(node: Node, scope: Scope, loops: Loops): Formula | undefined {
  const formula = scope.known(node) ?? loops.rowsOf(node, scope);
  if (formula) return formula.kind === 'name' || formula.kind === 'index' ? formula : undefined;
  return loops.calledWithin(node);
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

/** A sum that an equation was used for, before like terms are added up. */
function asItWas(formula: Formula): Formula {
  return { ...formula, node: undefined };
}

/** Is a node the formula, or what it turns? */
function holds(formula: Formula, node: Node): boolean {
  const of = seen(formula);
  return of.node === node || (of.kind === 'transpose' && holds(of.of, node));
}

/** The equations that were used between a cotangent and those that it comes from, innermost first. */
function rewritesOf(steps: readonly ChainStep[], { trace, model }: Derived, scope: Scope, loops: Loops): RewriteStep[] {
  const total = totalOf(steps, model.builder);
  if (!total) return [];
  const now = (node: Node): Node => trace.became.get(node) ?? node;
  // What has a line of its own was rewritten there.
  const isEnd = (node: Node): boolean => node !== total && scope.names.titles.has(now(node));
  const above = createWriter(
    (node) => (isEnd(node) ? scope.write(now(node)) : isOp(node, bound) ? namedIn(node, scope, loops) : undefined),
    scope.reading.formOf,
  );
  const found: RewriteStep[] = [];
  const done = new Set<Node>();
  const visit = (node: Node): void => {
    if (done.has(node) || isEnd(node) || node.role.kind === 'forward') return;
    done.add(node);
    for (const input of node.inputs) visit(input);
    const rewrite = trace.rewrites.get(node);
    if (!rewrite || found.length >= mostRewrites) return;
    const [from, to] = [asItWas(above(rewrite.from)), above(rewrite.to)];
    const seen = isEnd(rewrite.to) ? scope.define(now(rewrite.to)) : to;
    // What differs in nothing that a reader sees.
    if (printFormula(from, 'math') !== printFormula(seen, 'math')) found.push({ equation: rewrite.equation, from, to });
    visit(rewrite.to);
  };
  visit(total);
  return found;
}
