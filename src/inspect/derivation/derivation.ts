// The derivation of a gradient as data: forward, cotangents by the chain rule, gradients, and what the optimizer does with them.
import { createWriter } from '../../ir/formula.js';
import { name, type Title } from '../../ir/formula/tree.js';
import type { Node } from '../../ir/graph.js';
import { leafName, seenBy } from '../../ir/labels.js';
import { rootsOf, type ModelGraph } from '../../ir/model.js';
import { reachable } from '../../ir/reachable.js';
import { chainOf } from './chain.js';
import type { Derivation, LegendEntry, Step } from './data.js';
import { legendOf } from './draws.js';
import { derive, type Derived } from './derive.js';
import { legendOfDifferentiated } from './differentiated.js';
import { createLoops, type Loops, type Scope } from './loops.js';
import { lettersApart, lettersIn } from './letters.js';
import { definedAs } from './steps.js';
import { Names, nameCotangents, nameSpokenOf, nameValues } from './naming.js';
import { readingOf } from './reading.js';
import { sliceOf, undefinedIn } from './slice.js';
import { updatesOf } from './update.js';

export interface DerivationOptions {
  /** The scalar that is differentiated; default the total loss. */
  readonly of?: string;
  /** What it is differentiated by: parameters, inputs and intermediates, `*` for any characters; default every trained parameter. */
  readonly wrt?: readonly string[];
  /** 2: a Hessian-vector product of each. */
  readonly order?: 1 | 2;
}

/** How the gradient of a checked model comes about. What the options name must be there (`unknownName`). */
export function derivationOf(model: ModelGraph, options: DerivationOptions = {}): Derivation {
  const derived = derive(model, options);
  const { of, targets } = derived;
  const { scope, loops, order, forward, ends } = namedScope(derived);
  const { titles } = scope.names;
  const lines = (nodes: readonly Node[]): Step[] => nodes.flatMap((node) => lineOf(node, titles.get(node), scope));
  const told = <S extends Step>(steps: readonly S[]): (S | Step)[] =>
    steps.flatMap((step) => [...loops.before(step.formula, scope), step]);
  const chain = chainOf(derived, scope, loops);
  const isEnd = new Set(targets.flatMap(({ node }) => [node, seenBy(node)]));
  const forwards = told(lines(order.filter((node) => forward.has(node))));
  const middle = lines(order.filter((node) => !forward.has(node) && !isEnd.has(node)));
  const ended = targets.map(({ node, title, of: value }) => {
    const own = ends.get(node) ?? title;
    return chain(definedAs(own, name(own), node, scope), value);
  });
  const backwards = told([...middle.map((step) => chain(step)), ...ended]).filter(
    (step) => !ended.some((s) => s === step),
  );
  const apart = lettersApart([...forwards, ...backwards, ...ended]);
  const [before, backward, last] = [forwards.map(apart), backwards.map(apart), ended.map(apart)];
  const letters = new Set([...before, ...backward, ...last].flatMap(lettersIn));
  const { update, each, legend } = updatesOf(derived, scope.names, letters);
  const shown = options.wrt ? sliceOf(before, [...backward, ...last], of.node) : before;
  const whole = {
    model: model.name,
    file: model.file,
    of: of.name,
    order: options.order ?? 1,
    forward: shown,
    backward,
    parameters: last,
    update,
    each,
  };
  const steps = [...shown, ...backward, ...last];
  const roots = [of.node, ...targets.map(({ node }) => node)];
  return {
    ...whole,
    legend: [
      ...undefinedIn(steps, before),
      ...legendOfDifferentiated(steps, roots, { of: of.name, order: options.order ?? 1 }),
      ...legendOfDraws(whole),
      ...legend,
    ],
  };
}

/** What is said of draws. */
function legendOfDraws({ forward, backward, parameters }: Omit<Derivation, 'legend'>): LegendEntry[] {
  const found = new Set<LegendEntry>();
  const visit = (steps: readonly Step[]): void => {
    for (const { drawn, formula, loop } of steps) {
      if (drawn && formula.kind === 'apply') found.add(formula.name === 'U' ? legendOf.U : legendOf.Bernoulli);
      visit(loop?.body ?? []);
    }
  };
  visit([...forward, ...backward, ...parameters]);
  return [...found];
}

/** Names for all that is to have a line. */
function namedScope(derived: Derived) {
  const { of, targets } = derived;
  const roots = [of.node, ...targets.map(({ node }) => node)];
  const reading = readingOf(roots);
  const order = reading.inOrder(roots);
  const forward = forwardNodes(derived);
  const names = new Names(new Set(order.flatMap((node) => leafName(node) ?? [])));
  const loops = createLoops(derived);
  const ends = new Map<Node, Title>();
  const scope = scopeOf({ names, reading, loops, ends });
  const named = { reading, names };
  // The total keeps its name, which a loss without one has too.
  if (of.node.inputs.length > 0) names.give(of.node, { of: 'value', word: of.name });
  nameValues(named, order, (node) => forward.has(node) && node !== of.node);
  for (const { node, title } of targets) {
    if (names.titles.has(node)) continue;
    const own = names.free(title);
    // Axes of size 1 that come or go are not seen.
    for (const each of [node, seenBy(node)]) if (!forward.has(each)) ends.set(each, own);
  }
  const isEnd = new Set(targets.flatMap(({ node }) => [node, seenBy(node)]));
  nameCotangents(
    named,
    order.filter((node) => !forward.has(node)),
    isEnd,
  );
  nameSpokenOf(named, order, (node) => forward.has(node));
  return { scope, loops, order, forward, ends };
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
  const known = (node: Node) => {
    const title = names.titles.get(node) ?? ends.get(node);
    return title && name(title);
  };
  const called = (node: Node) => known(node) ?? loops.rowsOf(node, scope);
  const scope: Scope = {
    names,
    reading,
    positions: [],
    rowsOfLoop: (node) => node,
    rows: (node) => node,
    known,
    axesOfLeaf: () => [],
    axesBehind: (node) => loops.axesBehind(node, scope),
    axesOfLoops: (node) => loops.axesOfLoops(node, scope),
    elements: (node, places) => loops.elements(node, places, scope),
    elementsBehind: (node, places) => loops.elementsBehind(node, places, scope),
    write: (node) => createWriter(called, reading.formOf)(node),
    define: (node) =>
      loops.rowsOf(node, scope) ??
      createWriter((n) => (n === node || n === seenBy(node) ? undefined : called(n)), reading.formOf)(node),
  };
  return scope;
}

function lineOf(node: Node, title: Title | undefined, scope: Scope): Step[] {
  return title ? [definedAs(title, name(title), node, scope)] : [];
}
