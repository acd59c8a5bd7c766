// What the values of a derivation are called, each by a name of its own.
import { createWriter } from '../../ir/formula.js';
import { titleIn } from '../../ir/formula/mathematics.js';
import { printFormula } from '../../ir/formula/text.js';
import { isMoved } from '../../ir/formula/places.js';
import type { Title } from '../../ir/formula/tree.js';
import { isOp, through, type Node, type Op } from '../../ir/graph.js';
import { constantOf } from '../../ir/index.js';
import { asName, labelOf, leafName, titleOf, titleText } from '../../ir/labels.js';
import { add, maximum, sub } from '../../ir/ops/arithmetic.js';
import { contract } from '../../ir/ops/contract.js';
import { broadcast, permute, reshape, slice } from '../../ir/ops/movement.js';
import { scan, type ScanNode } from '../../ir/ops/scan.js';
import { erf, sigmoid, softplus, softplusMinus, tanh } from '../../ir/ops/transcendental.js';
import { sameShape } from '../../ir/types.js';
import { recognise } from '../../ir/recognise.js';
import type { Reading } from './reading.js';

/** A shorter formula is repeated rather than named: of a value, and of a piece of cotangents. */
const shortest = 16;
const shortestPiece = 10;
const longestCondition = 24;

/** The names of a derivation, or of one body: no two are the same. */
export class Names {
  readonly titles = new Map<Node, Title>();
  constructor(private readonly taken: Set<string> = new Set()) {}

  /** Gives a node a name, another one where that is taken. */
  give(node: Node, wanted: Title): Title {
    const title = this.free(wanted);
    this.titles.set(node, title);
    return title;
  }

  free(wanted: Title): Title {
    let title = wanted;
    for (let n = 2; this.taken.has(titleText(title)); n++) title = { ...wanted, word: `${wanted.word}_${n}` };
    this.taken.add(titleText(title));
    return title;
  }

  /** Those of a body, which are like none outside. */
  inside(): Names {
    return new Names(this.taken);
  }
}

export interface Named {
  readonly reading: Reading;
  readonly names: Names;
  /** Of values that activations are applied to: the word of what that gives. */
  readonly activations: ReadonlyMap<Node, string>;
  /** What a node was simplified to, which is what has a name. */
  readonly now?: (node: Node) => Node;
}

/** Values that their author named, arguments of activations, and what several steps read. */
export function nameValues(named: Named, nodes: readonly Node[], isValue: (node: Node) => boolean): void {
  const { reading, names, activations } = named;
  const values = nodes.filter((node) => isValue(node) && node.inputs.length > 0);
  for (const node of values)
    if (node.name !== undefined && !(isOp(node, scan) && isCalledWithin(node)))
      names.give(node, { of: 'value', word: node.name });
  const readers = reading.readersOf(nodes);
  const worth = worthLines(nodes, readers, named, shortest);
  for (const node of values) {
    if (names.titles.has(node) || isOp(node, scan)) continue;
    const activation = activations.get(node);
    if (activation !== undefined) {
      names.give(node, { of: 'value', word: `z_${activation}` });
      continue;
    }
    if (worth(node) || (activations.has(node.inputs[0]) && isBent(node)))
      names.give(node, cotangentTitle(node, named) ?? valueTitle(node, named));
  }
}

/** Longer formulas that several read, products over letters, and what such products are of. */
function worthLines(
  nodes: readonly Node[],
  readers: ReadonlyMap<Node, number>,
  { reading, names }: Named,
  least: number,
): (node: Node) => boolean {
  const lettered = new Set(nodes.filter(isLettered));
  const factors = new Set([...lettered].flatMap(({ inputs }) => inputs));
  const through = throughLetters(nodes, lettered);
  return (node) => {
    if (isLettered(node)) return true;
    if (isPlumbing(node, reading)) return false;
    if (through.has(node) || (!factors.has(node) && (readers.get(node) ?? 0) < 2)) return false;
    const formula = createWriter((n) => (n === node ? undefined : names.titles.get(n)), reading.formOf)(node);
    return [...printFormula(formula)].length > (node.type.element.kind === 'bool' ? longestCondition : least);
  };
}

/** A word for a value without a name; not that of the function that makes it alone. */
export function valueTitle(node: Node, { names, reading }: Named): Title {
  if (node.role.kind === 'cotangent') return labelOf(node) ?? partOf(node, names, reading);
  const title = titleOf(node);
  const called = node.op.notation?.kind === 'call' ? node.op.notation.name : node.op.name;
  return title.word === called ? { ...title, word: `${called}_${nearestName(node, names, reading)}` } : title;
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

/** Is it a product over axes that no product of matrices says? Its line says what the letters of its axes are. */
export function isLettered(node: Node): boolean {
  return isOp(node, contract) && createWriter((n) => (n === node ? undefined : 'x'))(node).kind === 'contraction';
}

/** Cotangents of values that have a name, and others that several steps read. */
export function nameCotangents(named: Named, nodes: readonly Node[], roots: ReadonlySet<Node>): void {
  const { reading, names } = named;
  const worth = worthLines(nodes, reading.readersOf(nodes), named, shortestPiece);
  for (const node of nodes) {
    if (roots.has(node) || names.titles.has(node) || node.inputs.length === 0) continue;
    if (isPlumbing(node, reading) || isOp(node, scan) || isRowsTurned(node)) continue;
    const title = cotangentTitle(node, named);
    if (title) names.give(node, title);
    else if (worth(node)) names.give(node, labelOf(node) ?? partOf(node, names, reading));
  }
}

/** Of the cotangent of what has a name, or is an activation's argument: ∂loss/∂h, δ_h. */
export function cotangentTitle({ role }: Node, named: Named): Title | undefined {
  const { names, activations, now = (node) => node } = named;
  // What a carried value is at the end: the loop backwards starts from it.
  if (role.kind !== 'cotangent' || !role.of || isOp(role.of, scan)) return undefined;
  const by = role.by && byWord(role.by, names);
  const of = now(role.of);
  const activation = activations.get(of);
  const own = names.titles.get(of) ?? (of.role.kind === 'cotangent' ? cotangentTitle(of, named) : undefined);
  if (activation !== undefined && (own === undefined || own.word === `z_${activation}`))
    return { of: 'delta', word: activation, ...(by !== undefined && { by }) };
  const leaf = leafName(of);
  const word = leaf ?? (own && titleText(own)) ?? of.name;
  if (word === undefined) return undefined;
  return { of: 'cotangent', word, ...(own && own.of !== 'value' && { inner: own }), ...(by !== undefined && { by }) };
}

/** Are they the rows of a loop's result from the last to the first? They have the positions of the loop backwards. */
export function isRowsTurned(node: Node): boolean {
  if (!isOp(node, slice) || !isOp(node.inputs[0], scan)) return false;
  const { starts, steps, sizes } = node.attrs;
  const { shape } = node.inputs[0].type;
  return (
    steps[0] === -1 &&
    sizes.every(
      (d, i) => d.size.key === shape[i].size.key && (i === 0 || (steps[i] === 1 && constantOf(starts[i]) === 0)),
    )
  );
}

/** What a derivative is of, in a word. */
function byWord(by: Node, names: Names): string {
  const at = through(by, [broadcast, reshape, permute]);
  const title = names.titles.get(by) ?? names.titles.get(at) ?? labelOf(at);
  if (title) return titleText(title);
  const [near] = at.inputs;
  return near === undefined ? titleText(titleOf(at)) : byWord(near, names);
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

/**
 * The values that activations are applied to, each with the word of what that gives: what textbooks call z, where its author gave it no
 * name. An activation is a bent function of a sum of products, element by element.
 */
export function activationsAmong(nodes: readonly Node[]): ReadonlyMap<Node, string> {
  const found = new Map<Node, string>();
  for (const node of nodes) {
    const [z] = node.inputs;
    if (!z || found.has(z) || z.name !== undefined || !isAffine(z) || node.role.kind !== 'forward') continue;
    if (!isBent(node) || !sameShape(z.type, node.type)) continue;
    found.set(z, z.activation === undefined ? titleText(titleOf(node)) : asName(z.activation));
  }
  return found;
}

const bent: ReadonlySet<Op> = new Set<Op>([tanh, sigmoid, softplus, softplusMinus, erf]);

function isBent(node: Node): boolean {
  return bent.has(node.op) || (isOp(node, maximum) && recognise(node)?.name === 'relu');
}

/** Is it a product of matrices, with something added or not? */
function isAffine(node: Node): boolean {
  const at = through(node, [reshape, permute]);
  if (isOp(at, contract)) return true;
  return isOp(at, add, sub) && at.inputs.some((input) => isAffine(input));
}

/** The name of a title in the language. */
export function wordOf(title: Title): string {
  return titleIn(title, 'nn');
}
