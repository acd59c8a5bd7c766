// The derivation of a gradient as data: forward, cotangents by the chain rule, gradients, and what the optimizer does with them.
import { createWriter } from '../../ir/formula.js';
import { name, type Title } from '../../ir/formula/tree.js';
import { isOp, type Node } from '../../ir/graph.js';
import { leafName } from '../../ir/labels.js';
import { rootsOf, type ModelGraph } from '../../ir/model.js';
import { scan } from '../../ir/ops/scan.js';
import { reachable } from '../../ir/reachable.js';
import { chainOf } from './chain.js';
import type { CotangentStep, Derivation, Step } from './data.js';
import { derive, type Derived } from './derive.js';
import { createLoops, placed, stepOf, type Loops, type Scope } from './loops.js';
import { activationsAmong, Names, nameCotangents, nameValues } from './naming.js';
import { readingOf } from './reading.js';
import { updatesOf } from './update.js';

export interface DerivationOptions {
  /** The scalar that is differentiated; default the total loss. */
  readonly of?: string;
  /** What it is differentiated by: parameters, inputs and intermediates, `*` for any characters; default every trained parameter. */
  readonly wrt?: readonly string[];
  /** 2: a Hessian-vector product of each. */
  readonly order?: 1 | 2;
}

/** How the gradient of a checked model comes about. Throws a Fault where the options name what is not there. */
export function derivationOf(model: ModelGraph, options: DerivationOptions = {}): Derivation {
  const derived = derive(model, options);
  const { of, targets } = derived;
  const roots = [of.node, ...targets.map(({ node }) => node)];
  const reading = readingOf(roots);
  const order = reading.inOrder(roots);
  const forward = forwardNodes(derived);
  const names = new Names(new Set([...order.flatMap((node) => leafName(node) ?? [])]));
  const loops = createLoops();
  const ends = new Map<Node, Title>();
  const scope = scopeOf({ names, reading, loops, ends });
  const named = { reading, names, activations: activationsAmong(order) };
  nameValues(named, order, (node) => forward.has(node) && node !== of.node);
  const called = of.node.name === undefined ? names.give(of.node, { of: 'value', word: of.name }) : undefined;
  if (!called && of.node.inputs.length > 0 && !names.titles.has(of.node))
    names.give(of.node, { of: 'value', word: of.name });
  const isEnd = new Set(targets.map(({ node }) => node));
  const between = order.filter((node) => !forward.has(node) && !isEnd.has(node));
  for (const { node, title } of targets) if (!names.titles.has(node)) ends.set(node, title);
  for (const title of ends.values()) names.free(title);
  nameCotangents(named, between, isEnd);
  const lines = (nodes: readonly Node[]): Step[] =>
    nodes.flatMap((node) => lineOf(node, names.titles.get(node), scope));
  const told = (steps: readonly Step[]): Step[] => steps.flatMap((step) => [...loops.before(step.formula), step]);
  const chain = chainOf(derived, scope);
  const before = told(lines(order.filter((node) => forward.has(node) && names.titles.has(node))));
  const middle = told(lines(between.filter((node) => names.titles.has(node))).map((step) => chain(step)));
  const last = told(
    targets.map(({ node, title, of: value }) => {
      const left = ends.get(node) ?? title;
      return chain(lettered(stepOf(left, name(left), scope.define(node), node)), value);
    }),
  );
  return {
    model: model.name,
    file: model.file,
    of: of.name,
    order: options.order ?? 1,
    forward: before,
    backward: [...middle, ...last.filter(({ loop }) => loop)],
    parameters: last.filter((step): step is CotangentStep => !step.loop),
    update: updatesOf(derived),
  };
}

/** What the model computes whether it is differentiated or not. */
function forwardNodes({ model, of }: Derived): ReadonlySet<Node> {
  return new Set(reachable([...rootsOf(model.training), of.node]));
}

interface Around {
  readonly names: Names;
  readonly reading: Scope['reading'];
  readonly loops: Loops;
  readonly ends: ReadonlyMap<Node, Title>;
}

/** The model's own body. */
function scopeOf({ names, reading, loops, ends }: Around): Scope {
  const called = (node: Node) => {
    const title = names.titles.get(node) ?? ends.get(node);
    return title ? name(title) : loops.rowsOf(node, scope);
  };
  const scope: Scope = {
    names,
    reading,
    positions: [],
    write: (node) => createWriter(called, reading.formOf)(node),
    define: (node) =>
      isOp(node, scan)
        ? loops.resultOf(node, scope)
        : createWriter((n) => (n === node ? undefined : called(n)), reading.formOf)(node),
  };
  return scope;
}

function lineOf(node: Node, title: Title | undefined, scope: Scope): Step[] {
  return title ? [lettered(stepOf(title, name(title), scope.define(node), node))] : [];
}

/** The axes of what a sum over letters gives have the letters that it leaves. */
function lettered(step: Step): Step {
  const { formula, left } = step;
  if (formula.kind !== 'contraction' || formula.free.length === 0) return step;
  return {
    ...step,
    left: placed(
      left,
      formula.free.map(({ letter }) => letter),
    ),
  };
}
