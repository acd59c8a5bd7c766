// What the values of a derivation are called, each by a name of its own.
import { createWriter } from '../../ir/formula.js';
import { mathematical, titleIn } from '../../ir/formula/mathematics.js';
import { printFormula } from '../../ir/formula/text.js';
import { isMoved } from '../../ir/formula/places.js';
import type { Formula, Title } from '../../ir/formula/tree.js';
import { argumentOf, isActivated, markedArgumentOf } from '../../ir/activations.js';
import { isOp, type Node, type Role } from '../../ir/graph.js';
import { asName, cotangentLabel, differentiatedIn, labelOf, seenBy, titleOf, titleText } from '../../ir/labels.js';
import { contract } from '../../ir/ops/contract.js';
import { inputsOfScan, scan, type ScanNode } from '../../ir/ops/scan.js';
import { scatterAdd } from '../../ir/ops/indexing.js';
import { window as windows } from '../../ir/ops/windows.js';
import { drawTitle } from './draws.js';
import type { Reading } from './reading.js';

/** A shorter formula is repeated rather than named: of a value, and of a piece of cotangents. */
const shortest = 16;
const shortestPiece = 10;
const longestCondition = 24;

/** The names of a derivation, or of one body: no two are the same. */
export class Names {
  readonly titles = new Map<Node, Title>();
  constructor(
    private readonly taken: Set<string> = new Set(),
    /** What has a line here or in another body. */
    private readonly noted: Set<Node> = new Set(),
    /** What is carried on in a loop, by what a round replaces it with. */
    private readonly carried: Map<Node, Title> = new Map(),
    private readonly isInside = false,
    /** Of a derivative, what is differentiated: bodies of two loops may have it in common. */
    readonly byOf: (role: Role) => Pick<Title, 'by'> = differentiatedIn,
  ) {}

  /** Notes what a value is called that a round of a loop carries on. */
  carry(node: Node, title: Title): void {
    this.carried.set(node, title);
  }

  /** What a round carries on is called so in loops alone: outside it is all of them. */
  carriedAs(node: Node): Title | undefined {
    return this.isInside ? this.carried.get(node) : undefined;
  }

  /** Gives a node a name, another one where that is taken. */
  give(node: Node, wanted: Title): Title {
    const title = this.free(wanted);
    this.titles.set(node, title);
    return title;
  }

  /** Takes a node's name back. */
  drop(node: Node): void {
    const title = this.titles.get(node);
    if (!title) return;
    this.taken.delete(titleText(title));
    this.titles.delete(node);
  }

  /** Notes that values have lines: a loop backwards speaks of values of the loop forwards. */
  note(nodes: Iterable<Node>): void {
    for (const node of nodes) this.noted.add(node);
  }

  /** Has it a line, in whichever body it stands? */
  has(node: Node): boolean {
    return this.noted.has(node) || this.titles.has(node) || this.carriedAs(node) !== undefined;
  }

  free(wanted: Title): Title {
    let title = wanted;
    for (let n = 2; this.taken.has(titleText(title)); n++)
      title = { ...wanted, word: `${wanted.word}_${n}`, number: n };
    this.taken.add(titleText(title));
    return title;
  }

  isFree(word: string): boolean {
    return !this.taken.has(word);
  }

  /** Those of a body, which are like none outside. */
  inside(differentiated: Names['byOf']): Names {
    return new Names(this.taken, this.noted, this.carried, true, differentiated);
  }
}

export interface Named {
  readonly reading: Reading;
  readonly names: Names;
  /** How leaves of a loop's body are written. */
  readonly leaves?: ReadonlyMap<Node, Formula>;
}

/** Values that their author named, arguments of activations, and what several steps read. */
export function nameValues(named: Named, nodes: readonly Node[], isValue: (node: Node) => boolean): void {
  const { reading, names } = named;
  const values = nodes.filter((node) => isValue(node) && node.inputs.length > 0);
  for (const node of values)
    if (node.name !== undefined && !(isOp(node, scan) && isCalledWithin(node)))
      names.give(node, { of: 'value', word: node.name });
  for (const node of nodes) {
    const draw = reading.draws.drawnFrom(node);
    if (draw && !names.titles.has(node)) names.give(node, drawTitle(node, draw));
  }
  const readers = reading.readersOf(nodes);
  const worth = worthLines(nodes, readers, named, shortest);
  const inLoop = named.leaves !== undefined;
  const argumentIn = (node: Node): Node | undefined =>
    argumentOf(node) ?? (inLoop ? markedArgumentOf(node) : undefined);
  const activated = new Set(nodes.flatMap((node) => argumentIn(node) ?? []));
  for (const node of values) {
    if (names.titles.has(node) || isOp(node, scan)) continue;
    if (activated.has(node) || argumentIn(node) || worth(node))
      names.give(node, cotangentTitle(node, names) ?? valueTitle(node, named));
  }
  names.note(names.titles.keys());
}

/** Longer formulas that several read, products over letters, and what such products are of. */
function worthLines(
  nodes: readonly Node[],
  readers: ReadonlyMap<Node, number>,
  { reading, names, leaves }: Named,
  least: number,
): (node: Node) => boolean {
  const lettered = new Set(nodes.filter(isLettered));
  const factors = new Set([...lettered].flatMap(({ inputs }) => inputs));
  // A round of a loop takes its rows, and says so of each.
  const rows = new Set(nodes.flatMap((node) => (isOp(node, scan) ? inputsOfScan(node).sequences.map(movedFrom) : [])));
  const through = throughLetters(nodes, lettered);
  return (node) => {
    if (isLettered(node)) return true;
    if (isPlumbing(node, reading) || isView(node)) return false;
    if (rows.has(node) && node.role.kind === 'forward' && node.place !== undefined) return true;
    if (through.has(node) || (!factors.has(node) && (readers.get(node) ?? 0) < 2)) return false;
    const formula = createWriter(
      (n) => (n === node ? undefined : (names.titles.get(n) ?? leaves?.get(n))),
      reading.formOf,
    )(node);
    if (isCalled(mathematical(formula))) return false;
    return [...printFormula(formula)].length > (node.type.element.kind === 'bool' ? longestCondition : least);
  };
}

/** Is it a name, or what stands at places of it? u¹ is u. */
export function isCalled(formula: Formula): boolean {
  return formula.kind === 'name' || (formula.kind === 'index' && formula.of.kind === 'name');
}

/** What rows are taken of, however they are turned. */
function movedFrom(node: Node): Node {
  return node.name === undefined && isMoved(node) ? movedFrom(node.inputs[0]) : node;
}

/** Names the values that cotangents with a line are of: what a gradient names can be looked up above. */
export function nameSpokenOf(named: Named, nodes: readonly Node[], isValue: (node: Node) => boolean): void {
  const { names } = named;
  const all = new Set(nodes.filter(isValue));
  for (const [{ role }, title] of names.titles) {
    const of = title.of !== 'value' && role.kind === 'cotangent' && role.of ? seenBy(role.of) : undefined;
    if (!of || of.inputs.length === 0 || !all.has(of) || names.titles.has(of) || isOp(of, scan) || isRows(of)) continue;
    names.give(of, valueTitle(of, named));
  }
}

/** A word for a value without a name; not that of the function that makes it alone. */
export function valueTitle(node: Node, { names, reading }: Named): Title {
  if (node.role.kind === 'cotangent') return ownTitle(node, names) ?? partOf(node, names, reading);
  const title = titleOf(node);
  const called = node.op.notation?.kind === 'call' ? node.op.notation.name : node.op.name;
  return title.word === called ? { ...title, word: `${called}_${nearestName(node, names, reading)}` } : title;
}

/** What a node was called, or of a cotangent what that is of. */
function ownTitle(node: Node, names: Names): Title | undefined {
  const label = labelOf(node);
  return label && label.of !== 'value' ? derivedBy(label, names.byOf(node.role)) : label;
}

/** What only moves another value, and is read by letters alone: they say where it stands. */
function throughLetters(nodes: readonly Node[], lettered: ReadonlySet<Node>): ReadonlySet<Node> {
  const read = new Map<Node, Node[]>();
  for (const node of nodes) for (const input of node.inputs) read.set(input, [...(read.get(input) ?? []), node]);
  const found = new Set<Node>();
  for (const node of [...nodes].reverse())
    if (isMoved(node) && (read.get(node) ?? []).every((reader) => lettered.has(reader) || found.has(reader)))
      found.add(node);
  return found;
}

/** Is a loop's result called within the loop as it is outside? */
function isCalledWithin({ name, attrs: { loop, result } }: ScanNode): boolean {
  if (result.kind === 'emit') return !loop.next.includes(result.of) && result.of.inputs.length > 0;
  return result.kind === 'stack' || loop.carried[result.of].attrs.name === name;
}

/**
 * Is it a product over axes that no product of matrices says, or rows added up by their indices? Its line says what the letters of its
 * axes are.
 */
export function isLettered(node: Node): boolean {
  if (isOp(node, scatterAdd)) return node.inputs[1].type.shape.length > 0;
  return isOp(node, contract) && createWriter((n) => (n === node ? undefined : 'x'))(node).kind === 'contraction';
}

/** Cotangents of values that have a name, and others that several steps read. */
export function nameCotangents(named: Named, nodes: readonly Node[], roots: ReadonlySet<Node>): void {
  const { reading, names } = named;
  const worth = worthLines(nodes, reading.readersOf(nodes), named, shortestPiece);
  for (const node of nodes) {
    if (roots.has(node) || names.titles.has(node) || node.inputs.length === 0) continue;
    if (isPlumbing(node, reading) || isOp(node, scan) || isRows(node)) continue;
    const title = cotangentTitle(node, names);
    if (title) names.give(node, title);
    else if (worth(node)) names.give(node, ownTitle(node, names) ?? partOf(node, names, reading));
  }
}

/** Of the cotangent of what has a name, or is an activation's argument: ∂loss/∂h, δ_h. */
export function cotangentTitle(node: Node, names: Names): Title | undefined {
  const { role } = node;
  // What a carried value is at the end: the loop backwards starts from it.
  if (role.kind !== 'cotangent' || !role.of || isOp(role.of, scan)) return undefined;
  const of = seenBy(role.of);
  const isKnown =
    of.inputs.length === 0 ||
    of.name !== undefined ||
    names.has(of) ||
    (of.role.kind === 'cotangent' ? cotangentTitle(of, names) !== undefined : isActivated(of));
  if (!isKnown) return undefined;
  const carried = names.carriedAs(of);
  const by = names.byOf(role);
  if (carried) return { ...carried, of: 'cotangent', ...by };
  const own = names.titles.get(of);
  const label = cotangentLabel(node) ?? { of: 'cotangent', word: titleText(own ?? titleOf(of)) };
  return derivedBy(own ? numberedAs(label, titleOf(of), own) : label, by);
}

/** With the number that the value itself got where its name was taken: of a layer's second use, h_2, it is δ_h_2. */
function numberedAs(label: Title, wanted: Title, own: Title): Title {
  const [before, after] = [titleText(wanted), titleText(own)];
  if (after === before || !after.startsWith(before)) return label;
  return { ...label, word: `${label.word}${after.slice(before.length)}`, ...(label.inner && { inner: own }) };
}

/** The derivative of something else by the same. */
function derivedBy({ by: _, ...title }: Title, by: Pick<Title, 'by'>): Title {
  return { ...title, ...by };
}

/** Does it only say where elements of another stand? Windows are said of an input once. */
function isView(node: Node): boolean {
  return node.name === undefined && isMoved(node) && !isOp(node, windows);
}

/** Does it only take rows of a loop's result, or turn them? */
function isRows(node: Node): boolean {
  return isMoved(node) && (isOp(node.inputs[0], scan) || isRows(node.inputs[0]));
}

/** A piece of cotangents that several read: by the value in whose expression it arises. */
function partOf(node: Node, names: Names, reading: Reading): Title {
  const path = node.origin?.path ?? '';
  return { of: 'value', word: `part_${path === '' ? nearestName(node, names, reading) : asName(path)}` };
}

function nearestName(node: Node, names: Names, reading: Reading): string {
  const open = [...reading.inputsOf(node)];
  for (let n = 0; n < open.length && n < 64; n++) {
    const name = names.titles.get(open[n]);
    if (name) return name.word;
    open.push(...reading.inputsOf(open[n]));
  }
  return 'loss';
}

/** Constants, sizes and broadcasts are not worth a line. */
export function isPlumbing(node: Node, reading: Reading): boolean {
  if (node.op.notation?.kind === 'same' || node.inputs.length === 0) return true;
  return reading.inputsOf(node).every((i) => i.inputs.length === 0 && i.type.shape.length === 0);
}

/** The name of a title in the language. */
export function wordOf(title: Title): string {
  return titleIn(title, 'nn');
}
