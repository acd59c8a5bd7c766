// One line of a derivation from a node.
import { hasNames, mathematical } from '../../ir/formula/mathematics.js';
import { placedBy } from '../../ir/formula/places.js';
import { placeDifference, placeSum, withLetter } from '../../ir/formula/placeSums.js';
import { indexed, infix, name, total, type Formula, type Letter, type Title } from '../../ir/formula/tree.js';
import { isElementwise, isOp, type Node } from '../../ir/graph.js';
import { contract } from '../../ir/ops/contract.js';
import { scatterAdd } from '../../ir/ops/indexing.js';
import { broadcast, isSilentReshape } from '../../ir/ops/movement.js';
import { constantOf, sub } from '../../ir/index.js';
import { seenBy } from '../../ir/labels.js';
import { scan } from '../../ir/ops/scan.js';
import { printDim, type TensorType } from '../../ir/types.js';
import type { Step } from './data.js';
import { drawFormula } from './draws.js';
import { byElements, lettersFor, type Lettered } from './elements.js';
import { linesOf } from './lines.js';
import type { Scope } from './loops.js';
import { isLettered, wordOf } from './naming.js';
import { letterOf, placed } from './positions.js';
import { atLetter, isOne, letterAt, placeText, whole } from './rows.js';

export function stepOf(
  title: Title,
  left: Formula,
  formula: Formula,
  node: Node,
  type: TensorType = typeSeen(node),
): Step {
  return {
    name: wordOf(title),
    title,
    left,
    formula,
    type,
    lines: linesOf(node),
    layer: node.origin?.path ?? '',
    node,
  };
}

/** The type of a cotangent is that of the value, whatever axes of size 1 it has for its computation; so is that of what a layer computes. */
function typeSeen(node: Node): TensorType {
  if (isWithin(node)) return typeWithin(node);
  const of = node.role.kind === 'cotangent' ? node.role.of : undefined;
  if (!of || isOp(of, scan)) return node.type;
  const [own, seen] = [isWithin(of) ? typeWithin(of) : of.type, seenBy(of).type];
  const type = own.shape.length < seen.shape.length ? own : seen;
  return withoutAxesOfOne(type) === withoutAxesOfOne(node.type) ? type : node.type;
}

/** Is it a value that a layer computes? */
function isWithin({ role, origin }: Node): boolean {
  return role.kind === 'forward' && origin !== undefined && origin.path !== '';
}

/** h - mean(h) is [batch, 3] as h is, where a layer has made [batch, 3, 1] of it. */
function typeWithin(node: Node): TensorType {
  const known = typesWithin.get(node);
  if (known) return known;
  const parts =
    isSilentReshape(node) || isElementwise(node) ? node.inputs.filter((input) => !isOp(input, broadcast)) : [];
  const of = parts
    .map(typeWithin)
    .find(
      (type) => type.shape.length < node.type.shape.length && withoutAxesOfOne(type) === withoutAxesOfOne(node.type),
    );
  const type = of ? { element: node.type.element, shape: of.shape } : node.type;
  typesWithin.set(node, type);
  return type;
}

const typesWithin = new WeakMap<Node, TensorType>();

function withoutAxesOfOne({ shape }: TensorType): string {
  return shape.flatMap(({ size }) => (constantOf(size) === 1 ? [] : [size.key])).join();
}

/** What a node is, behind its name: a draw, a sum with letters for the axes that it leaves, or another formula. */
export function definedAs(title: Title, left: Formula, node: Node, scope: Scope): Step {
  const draw = scope.reading.draws.drawnFrom(node);
  if (draw) return { ...stepOf(title, left, drawFormula(draw, scope.write), node), drawn: true };
  const rowed = byRows(left, node, scope);
  if (rowed) return stepOf(title, rowed.left, rowed.formula, node);
  const formula = factorsInLoops(scope.define(node), node, scope);
  const { free, formula: said } = byLetters(formula, node, scope);
  const step = stepOf(title, placed(left, free), { ...said, node }, node);
  return free.length === 0 ? step : { ...step, letters: free.length };
}

/** A formula, and letters for the axes of its result where mathematics says it by such. */
function byLetters(formula: Formula, node: Node, scope: Scope): Lettered {
  if (formula.kind === 'contraction') return { free: lettersOf(formula.free), formula };
  const rows = isOp(node, scatterAdd) && formula.kind === 'apply' ? rowsAdded(node, formula, scope) : undefined;
  return sumByLetters(formula, scope) ?? rows ?? byElements(formula, scope.positions) ?? { free: [], formula };
}

/** What is made of loops' results is told position by position: p[:, t] = h[t]. */
function byRows(
  left: Formula,
  node: Node,
  scope: Scope,
): { readonly left: Formula; readonly formula: Formula } | undefined {
  const axes = isLettered(node) ? [] : scope.axesBehind(node);
  if (axes.length === 0) return undefined;
  const letters: string[] = [];
  const places = node.type.shape.map((dim, i) => {
    if (!axes.includes(i)) return whole(dim);
    letters.push(letterOf(dim, [...scope.positions, ...letters]));
    return letterAt(letters[letters.length - 1], dim);
  });
  const own = [...letters];
  const before = places.slice(0, Math.max(...axes) + 1).map((place) => (isOne(place) ? (own.shift() ?? ':') : ':'));
  return { left: placed(left, before), formula: scope.elementsBehind(node, places) };
}

/** What is summed from the last position to the first is summed from the first one on. */
function risingAlong(elements: readonly [Formula, Formula], { letter, dim }: Letter): readonly [Formula, Formula] {
  const places = elements.flatMap((of) => (of.kind === 'index' ? of.places : []));
  const own = places.filter((place) => typeof place === 'string' && withLetter(place, letter, '0') !== place);
  if (own.length < elements.length || !own.every((place) => typeof place === 'string' && falls(place, letter)))
    return elements;
  const from = placeDifference(letter, placeText(sub(dim.size, 1)));
  const turned = (of: Formula): Formula => atLetter(of, letter, from);
  return [turned(elements[0]), turned(elements[1])];
}

/** Does a place go down as a letter goes up? */
function falls(place: string, letter: string): boolean {
  return withLetter(place, letter, '0') === placeSum(place, letter);
}

/** A sum of products, with its factors as they stand in loops. */
function factorsInLoops(formula: Formula, node: Node, scope: Scope): Formula {
  if (formula.kind !== 'contraction' || !isOp(node, contract)) return formula;
  const { letters, left, right } = formula;
  // A product the other way round is written by its second factor.
  const factorOf = (side: Formula, own: readonly Letter[]): Formula => {
    const of = node.inputs.find((input) => input === side.node);
    return of && scope.axesOfLoops(of).length > 0
      ? scope.elements(
          of,
          own.map(({ letter, dim }) => letterAt(letter, dim)),
        )
      : placedBy(side, own);
  };
  const elements = [factorOf(left, letters.left), factorOf(right, letters.right)] as const;
  return { ...formula, elements: formula.over.reduce(risingAlong, elements) };
}

const lettersOf = (letters: readonly Letter[]): string[] => letters.map(({ letter }) => letter);

/** A sum over axes without names of their own, by letters: b[o] = Σ_{b,y,x} δ[b, o, y, x]. */
function sumByLetters(formula: Formula, { positions }: Scope): Lettered | undefined {
  const of = mathematical(formula);
  if (of.kind !== 'sum' || hasNames(of)) return undefined;
  const letters = lettersFor(of.shape, new Set(positions));
  const summed = placedFactors(of.of, letters);
  if (!summed) return undefined;
  const over = letters.filter((_, i) => of.axes.includes(i));
  const free = letters.filter((_, i) => !of.axes.includes(i));
  return { free: lettersOf(free), formula: total({ letters: lettersOf(over), of: summed, plain: formula }) };
}

/** A name, or a product of such, by its elements; undefined of what is more. */
function placedFactors(formula: Formula, letters: readonly Letter[]): Formula | undefined {
  const of = mathematical(formula);
  const rank = of.node?.type.shape.length;
  if (of.kind === 'name') return rank === letters.length ? placedBy(of, letters) : undefined;
  if (of.kind !== 'infix' || of.operator !== 'elementwise') return undefined;
  const [left, right] = [placedFactors(of.left, letters), placedFactors(of.right, letters)];
  return left && right && infix('times', left, right);
}

/** scatter_add(d, ids), row by row: W[r] = Σ_{b : ids[b] = r} d[b]. */
function rowsAdded(
  node: Node,
  formula: Formula & { readonly kind: 'apply' },
  { positions }: Scope,
): Lettered | undefined {
  const [of, ids] = formula.args;
  const { shape } = node.inputs[1].type;
  const taken = new Set(positions);
  const letters = shape.map((dim): Letter => {
    const own = /^\p{L}/u.exec(dim.name ?? printDim(dim))?.[0].toLowerCase();
    const letter = [...(own === undefined ? [] : [own]), ...'pqstuvw'].find((each) => !taken.has(each)) ?? 'p';
    taken.add(letter);
    return { letter, dim };
  });
  if (letters.length === 0) return undefined;
  const row = [...'rnm'].find((each) => !taken.has(each)) ?? 'r';
  const sum = total({
    letters: lettersOf(letters),
    where: infix('equal', placedBy(ids, letters), name(row)),
    of: of.kind === 'name' || of.kind === 'index' ? placedBy(of, letters) : indexed(of, lettersOf(letters)),
    plain: formula,
  });
  return { free: [row], formula: sum };
}
