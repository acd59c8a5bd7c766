// What the optimizer does with each gradient, over names for the gradients.
import { createWriter } from '../../ir/formula.js';
import { printFormula } from '../../ir/formula/text.js';
import { plain } from '../../ir/formula/mathematics.js';
import { isProduct, productOf, writtenProduct } from '../../ir/formula/products.js';
import {
  infix,
  name,
  number,
  partsOf,
  renamed,
  seen,
  total,
  withParts,
  type Formula,
  type Title,
} from '../../ir/formula/tree.js';
import { isOp, type Node } from '../../ir/graph.js';
import { maximum } from '../../ir/ops/arithmetic.js';
import { constant } from '../../ir/ops/constants.js';
import { counter, gradient, parameter as weight, slot } from '../../ir/ops/leaves.js';
import { reachable } from '../../ir/reachable.js';
import { countsUpdates, recognise, scalesRates } from '../../ir/recognise.js';
import { addUpdates, simplifyUpdates, withUpdates, type Gradients } from '../../passes/derive/derive.js';
import { substituteNodes } from '../../passes/derive/substituteNodes.js';
import type { LegendEntry, UpdateStep } from './data.js';
import type { Derived } from './derive.js';
import type { Names } from './naming.js';
import { stepOf } from './steps.js';

export interface Updates {
  readonly update: readonly UpdateStep[];
  /** What stands for each parameter: θ. */
  readonly each: string;
  readonly legend: readonly LegendEntry[];
}

/** Slots first, then the weight by what they have become, as an optimizer is written; none where the model does not say how to train. */
/** `letters`: those of positions in loops, which mean something else. */
export function updatesOf({ gradients, targets }: Derived, names: Names, letters: ReadonlySet<string>): Updates {
  const free = (wanted: readonly string[]): string =>
    names.free({ of: 'value', word: wanted.find((word) => !letters.has(word) && names.isFree(word)) ?? wanted[0] })
      .word;
  const each = free(['θ', 'ϑ', 'ψ']);
  if (!gradients) return { update: [], each, legend: [] };
  const step = simplifyUpdates(unscaled(addUpdates(gradients))).players.flatMap((player) => player.step);
  const wanted = new Set(targets.map((target) => target.name));
  const own = step.filter(({ parameter }) => wanted.has(parameter));
  const nodes = reachable(own.map(({ node }) => node));
  const clipping = nodes.filter((node) => node.name !== undefined && node.inputs.length > 0);
  const all = [...new Set(step.map(({ parameter }) => parameter))];
  const counted = nodes.filter((node) => countsUpdates(node));
  const counters = new Map(counted.map((node) => [node, free(lettersOfCounter(node))]));
  const schedules = new Map<Node, string>();
  const written = (called: (node: Node) => string | Title | undefined) =>
    createWriter(
      (n): string | Title | undefined =>
        isOp(n, gradient)
          ? { of: 'cotangent', word: n.attrs.parameter }
          : (counters.get(n) ?? called(n) ?? schedules.get(n)),
      // A schedule's max(t - 1, 0) is no activation.
      (n) => (n.type.shape.length === 0 && isOp(n, maximum) ? undefined : recognise(n)),
    );
  const rates = schedulesAmong(nodes).flatMap((node): UpdateStep[] => {
    const formula = written(() => undefined)(node);
    if ([...printFormula(formula, 'math')].length <= longestRate) return [];
    const title = names.free({ of: 'value', word: 'schedule' });
    schedules.set(node, title.word);
    return [stepOf(title, name(title), formula, node)];
  });
  const norms = clipping.map((node): UpdateStep => {
    const title: Title = { of: 'value', word: node.name ?? '' };
    const formula = written((n) => (n !== node && clipping.includes(n) ? n.name : undefined))(node);
    return stepOf(title, name(title), overAll(formula, all, each), node);
  });
  const updates = [...new Set(own.map(({ parameter }) => parameter))].flatMap((parameter) =>
    updateLines(
      parameter,
      own.filter((step) => step.parameter === parameter),
      (node, called) => written((n) => (n === node ? undefined : clipping.includes(n) ? n.name : called(n)))(node),
    ),
  );
  const legend = counted.map((node): LegendEntry => ({
    sign: counters.get(node) ?? '',
    meaning: meaningOfCounter(node),
  }));
  const ofAll = norms.some(({ formula }) => hasTotal(formula))
    ? [{ sign: each, meaning: 'each trained parameter' }]
    : [];
  return { update: [...withRates(rates, [...norms, ...updates])], each, legend: [...ofAll, ...legend] };
}

/** The method alone: the trainer's scale of learning rates, 1 at first, is no part of it, nor are averages of weights. */
function unscaled(derived: Gradients): Gradients {
  const { builder: g } = derived.model;
  const one = (node: Node): Node | undefined => (scalesRates(node) ? g.make(constant, [], { value: 1 }) : undefined);
  const players = derived.players.map((player) => {
    const own = { ...player, step: player.step.filter((b) => !b.average) };
    return withUpdates(own, (nodes) => substituteNodes(nodes, one, g));
  });
  return { ...derived, players };
}

/** Slots, then the weight by what they have become; but what reads a slot as it was stands before the line that renews it. */
function updateLines(
  parameter: string,
  list: readonly { readonly slot?: string; readonly node: Node }[],
  formulaOf: (node: Node, called: (node: Node) => string | undefined) => Formula,
): UpdateStep[] {
  const slots = list.filter(({ slot }) => slot !== undefined);
  const renewed = new Map(slots.map(({ node, slot }) => [node, slot ?? '']));
  const line = (word: string, node: Node, whole: boolean): UpdateStep => {
    const title: Title = { of: 'value', word };
    const formula = formulaOf(node, (n) => (whole ? renewed.get(n) : undefined));
    return { ...stepOf(title, name(title), formula, node), becomes: true, parameter };
  };
  const lines = [
    ...slots.map(({ slot, node }) => line(slot ?? '', node, false)),
    ...list.filter(({ slot }) => slot === undefined).map(({ node }) => line(parameter, node, true)),
  ];
  return inOrder(lines, new Set(renewed.keys()));
}

/** No line before one that renews what it reads renewed, nor after one that renews what it reads as it was. */
function inOrder(lines: readonly UpdateStep[], renewed: ReadonlySet<Node>): UpdateStep[] {
  const words = new Map(lines.map(({ formula }) => [formula, slotsIn(formula, renewed)]));
  const readsOf = (step: UpdateStep): Reads => words.get(step.formula) ?? { old: [], fresh: [] };
  const ordered: UpdateStep[] = [];
  for (let rest = [...lines]; rest.length > 0;) {
    const [first] = rest;
    const next =
      rest.find(
        (step) =>
          !rest.some((other) => other !== step && readsOf(other).old.includes(step.name)) &&
          !rest.some(({ name: word }) => readsOf(step).fresh.includes(word)),
      ) ?? first;
    ordered.push(next);
    rest = rest.filter((step) => step !== next);
  }
  return ordered;
}

/** The slots that a formula reads as they were, and those that it reads renewed. */
interface Reads {
  readonly old: readonly string[];
  readonly fresh: readonly string[];
}

function slotsIn(formula: Formula, renewed: ReadonlySet<Node>): Reads {
  if (formula.kind === 'name') {
    const { node, title } = formula;
    if (node && renewed.has(node)) return { old: [], fresh: [title.word] };
    return { old: node && isOp(node, slot) ? [node.attrs.name] : [], fresh: [] };
  }
  const parts = partsOf(formula).map((part) => slotsIn(part, renewed));
  return { old: parts.flatMap(({ old }) => old), fresh: parts.flatMap(({ fresh }) => fresh) };
}

/** The number that an optimizer multiplies a schedule with belongs to it: what the model says is 0.001 · (1 + cos …), not 1 + cos …. */
function withRates(rates: readonly UpdateStep[], others: readonly UpdateStep[]): UpdateStep[] {
  let all = others;
  const told = rates.map((rate): UpdateStep => {
    const found = new Set<number>();
    const visit = (formula: Formula): void => {
      const by = numberBefore(formula, rate.name);
      if (by !== undefined) found.add(by);
      else if (formula.kind === 'name' && formula.title.word === rate.name) found.add(1);
      else for (const part of partsOf(formula)) visit(part);
    };
    for (const { formula } of others) visit(formula);
    const [by, ...different] = found;
    if (by === undefined || by === 1 || different.length > 0) return rate;
    all = all.map((step) => ({ ...step, formula: withoutNumber(step.formula, rate.name) }));
    // Its node is the schedule without the number.
    return { ...rate, formula: infix('times', number(by), rate.formula), node: undefined };
  });
  return [...told, ...all];
}

/** The number of a product in which a name is a factor. */
function numberBefore(formula: Formula, word: string): number | undefined {
  if (!isProduct(formula)) return undefined;
  const { number: by, factors } = productOf(formula, plain);
  const has = factors.some(({ of, by: how }) => how !== 'div' && isCalled(of, word));
  return has ? Math.abs(by) : undefined;
}

function isCalled(formula: Formula, word: string): boolean {
  const of = seen(formula);
  return of.kind === 'name' && of.title.word === word;
}

function withoutNumber(formula: Formula, word: string): Formula {
  if (isProduct(formula) && numberBefore(formula, word) !== undefined) {
    const product = productOf(formula, plain);
    const whole = writtenProduct({ ...product, number: Math.sign(product.number) });
    return whole ?? formula;
  }
  return withParts(formula, (part) => withoutNumber(part, word));
}

/** A schedule that is longer has a line of its own. */
const longestRate = 24;

/** Numbers that depend on the update's number alone, as what each tensor reads them. */
function schedulesAmong(nodes: readonly Node[]): Node[] {
  const counted = new Set<Node>();
  const known = new Set<Node>();
  for (const node of nodes) {
    if (node.type.shape.length > 0 || isOp(node, gradient, slot, weight)) continue;
    if (
      countsUpdates(node) ||
      (node.inputs.length > 0 &&
        node.inputs.some((input) => counted.has(input)) &&
        node.inputs.every((input) => counted.has(input) || known.has(input)))
    )
      counted.add(node);
    else if (node.inputs.every((input) => known.has(input))) known.add(node);
  }
  const read = new Set(nodes.filter((node) => !counted.has(node)).flatMap(({ inputs }) => inputs));
  return [...counted].filter((node) => read.has(node) && node.inputs.length > 0);
}

function lettersOfCounter(node: Node): readonly string[] {
  return isOp(node, counter) && node.attrs.name === 'run' ? ['N', 'K'] : ['t', 'k', 'τ', 'n'];
}

function meaningOfCounter(node: Node): string {
  return isOp(node, counter) && node.attrs.name === 'run'
    ? 'how many updates the run makes'
    : 'the number of the update, from 1';
}

/** f(W) + f(b) + … over every parameter is Σ_θ f(θ). */
function overAll(formula: Formula, parameters: readonly string[], each: string): Formula {
  const of = seen(formula);
  const terms = termsOf(of);
  if (parameters.length > 1 && terms.length === parameters.length) {
    const forms = terms.map((term, i) => {
      const known = parameters.find((parameter) => speaksOf(term, parameter)) ?? parameters[i];
      return inLetter(term, known, each);
    });
    if (new Set(forms.map((form) => printFormula(form))).size === 1)
      return total({ letters: [each], of: forms[0], plain: formula });
  }
  return of.kind === 'apply' ? { ...of, args: of.args.map((arg) => overAll(arg, parameters, each)) } : formula;
}

function hasTotal(formula: Formula): boolean {
  return formula.kind === 'total' || partsOf(formula).some(hasTotal);
}

function termsOf(formula: Formula): Formula[] {
  const of = seen(formula);
  return of.kind === 'infix' && of.operator === 'add' ? [...termsOf(of.left), ...termsOf(of.right)] : [of];
}

function speaksOf(formula: Formula, parameter: string): boolean {
  return formula.kind === 'name'
    ? formula.title.word === parameter
    : partsOf(formula).some((p) => speaksOf(p, parameter));
}

function inLetter(formula: Formula, parameter: string, each: string): Formula {
  return renamed(formula, (of) => (of.title.word === parameter ? name({ ...of.title, word: each }) : of));
}
