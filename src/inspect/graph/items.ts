// Nodes as boxes: what each is called, what it reads, and which are not drawn.
import { createWriter, formulaOf } from '../../ir/formula.js';
import { prefixes, type Operator } from '../../ir/formula/tree.js';
import { isOp, type Node } from '../../ir/graph.js';
import { labelOf, leafName, titleOf, titleText } from '../../ir/labels.js';
import type { ModelPart } from '../../ir/model.js';
import { constant, iota, size } from '../../ir/ops/constants.js';
import { gradient, input, parameter, slot, state } from '../../ir/ops/leaves.js';
import { bodyRoots, bound, inputsOfScan, leavesOfLoop, scan, type ScanNode } from '../../ir/ops/scan.js';
import { printType } from '../../ir/types.js';
import { linesOf } from '../derivation/lines.js';
import type { Edge, Item, ItemKind } from './data.js';
import { layersOf } from './layers.js';

/** How the nodes of a stage are drawn. */
export interface Drawing {
  readonly model: Pick<ModelPart, 'parameters'>;
  /** Drawn without what it is made of: a value of another stage. */
  readonly isGiven: (node: Node) => boolean;
  /** What a node gives, beyond its value: `loss`, `∂loss/∂W`. */
  readonly resultOf: (node: Node) => string | undefined;
  /** What stands before the layers of a node, and in its id. */
  readonly within?: string;
  /** The box of a node that is drawn elsewhere. */
  readonly elsewhere?: (node: Node) => string | undefined;
  /** What the leaves and results of loops are read from, where more than the nodes say it. */
  readonly outside?: ReadonlyMap<Node, readonly Node[]>;
}

/** An item, and the node that it draws. */
export interface Drawn {
  readonly item: Item;
  readonly node: Node;
}

/**
 * A box for each node but those that only repeat another's elements; edges go through these. Numbers and sizes stand beside each box that
 * reads them, as they are no values of one layer; what is made of nothing else, such as a mask of positions, stands in each layer that
 * reads it.
 */
export function drawNodes(nodes: readonly Node[], drawing: Drawing): Drawn[] {
  const known = new Set(nodes);
  const outside = drawing.outside ?? outsideOfLoops(nodes);
  const fixed = drawing.within === undefined ? fixedAmong(nodes) : new Set<Node>();
  const drawn = new Map<string, Drawn>();
  const draw = (node: Node, item: Item): string => {
    if (drawn.has(item.id)) return item.id;
    const read = drawing.isGiven(node) ? [] : (outside.get(node) ?? node.inputs).map(drawnAs);
    const edges = read.map((from): Edge => ({ from: idFor(from, item), type: printType(from.type) }));
    const inputs = edges.filter((edge, i) => edges.findIndex(({ from }) => from === edge.from) === i);
    drawn.set(item.id, { node, item: { ...item, inputs } });
    return item.id;
  };
  const idFor = (from: Node, { id, layers }: Item): string => {
    const drawnFor = (own: string): string => draw(from, { ...itemOf(from, false, drawing), id: own, layers });
    if (isNumber(from)) return drawnFor(`${id}.${idOf(from)}`);
    if (fixed.has(from) && !drawing.isGiven(from) && !isAlong(layersOf(from), layers))
      return drawnFor([...layers, idOf(from)].join('/'));
    return known.has(from) ? idOf(from, drawing.within) : (drawing.elsewhere?.(from) ?? idOf(from));
  };
  for (const node of nodes)
    if (isDrawn(node) && !isNumber(node)) draw(node, itemOf(node, drawing.isGiven(node), drawing));
  const mayGo = ({ node }: Drawn): boolean => fixed.has(node) && drawing.resultOf(node) === undefined;
  return besideReaders(withoutUnread([...drawn.values()], mayGo), ({ node }) => drawing.isGiven(node));
}

/** What is given stands in the innermost of the layers that hold all that reads it. */
function besideReaders(drawn: readonly Drawn[], isGiven: (of: Drawn) => boolean): Drawn[] {
  const around = new Map<string, readonly string[]>();
  for (const { item } of drawn)
    for (const { from } of item.inputs) around.set(from, beginningOf(around.get(from) ?? item.layers, item.layers));
  return drawn.map((each) => {
    const layers = isGiven(each) ? around.get(each.item.id) : undefined;
    return layers ? { ...each, item: { ...each.item, layers } } : each;
  });
}

/** What two paths begin with. */
function beginningOf(a: readonly string[], b: readonly string[]): readonly string[] {
  const apart = a.findIndex((layer, i) => layer !== b[i]);
  return apart < 0 ? a : a.slice(0, apart);
}

/** What depends on numbers, ranges and sizes alone. */
function fixedAmong(nodes: readonly Node[]): Set<Node> {
  const fixed = new Set<Node>();
  for (const node of nodes)
    if (isNumber(node) || (node.op.kind === 'element' && node.inputs.every((input) => fixed.has(input))))
      fixed.add(node);
  return fixed;
}

/** Is one path the other's beginning? */
function isAlong(a: readonly string[], b: readonly string[]): boolean {
  return a.slice(0, b.length).every((layer, i) => layer === b[i]);
}

/** Inputs stand before what reads them. */
function withoutUnread(drawn: readonly Drawn[], mayGo: (of: Drawn) => boolean): Drawn[] {
  const read = new Set<string>();
  return drawn
    .toReversed()
    .filter((each) => {
      if (!read.has(each.item.id) && mayGo(each)) return false;
      for (const { from } of each.item.inputs) read.add(from);
      return true;
    })
    .toReversed();
}

function itemOf(node: Node, given: boolean, { resultOf, model, within }: Drawing): Item {
  const result = resultOf(node);
  const named = labelOf(node)?.named || result !== undefined ? (result ?? titleText(titleOf(node))) : undefined;
  return {
    id: idOf(node, within),
    kind: kindOf(node, given, result !== undefined, model),
    label: labelled(node, given),
    ...(named !== undefined && { name: named }),
    type: printType(node.type),
    ...(node.inputs.length > 0 && !given && { formula: formulaOf(node, (n) => (n === node ? undefined : wordOf(n))) }),
    layers: within === undefined ? layersOf(node) : [within],
    inputs: [],
    lines: linesOf(node),
    links: {},
  };
}

/** A number, a range or a run-time size. */
function isNumber(node: Node): boolean {
  return isOp(node, constant, iota, size);
}

export function idOf({ id }: Node, within?: string): string {
  return within === undefined ? `n${id}` : `${within}/n${id}`;
}

/** The node that is drawn where one is read. */
export function drawnAs(node: Node): Node {
  let at = node;
  while (!isDrawn(at)) at = at.inputs[0];
  return at;
}

function isDrawn({ op }: Node): boolean {
  return op.notation?.kind !== 'same';
}

/** What the leaves of loops' bodies stand for, and what the results of loops are in the bodies. Loops with equal leaves share them. */
export function outsideOfLoops(nodes: readonly Node[]): Map<Node, readonly Node[]> {
  const found = resultsOfLoops(nodes);
  for (const node of nodes) {
    if (!isOp(node, scan)) continue;
    const { sequences, starts, captured } = inputsOfScan(node);
    const outer = [...sequences, ...starts, ...captured];
    leavesOfLoop(node.attrs.loop).forEach((leaf, i) =>
      found.set(leaf, [...new Set([...(found.get(leaf) ?? []), ...outer.slice(i, i + 1)])]),
    );
  }
  return found;
}

/** What the results of loops are in the bodies. */
export function resultsOfLoops(nodes: readonly Node[]): Map<Node, readonly Node[]> {
  return new Map(nodes.flatMap((node) => (isOp(node, scan) ? [[node, [madeIn(node)]] as const] : [])));
}

function madeIn(node: ScanNode): Node {
  const { loop, result } = node.attrs;
  return result.kind === 'emit' ? result.of : (loop.next[result.of] ?? bodyRoots([node])[0]);
}

function kindOf(node: Node, given: boolean, isResult: boolean, model: Drawing['model']): ItemKind {
  if (isOp(node, input)) return 'input';
  if (isOp(node, parameter))
    return model.parameters.some((p) => p.trained && p.name === node.attrs.name) ? 'trained' : 'frozen';
  if (isOp(node, state, slot)) return 'state';
  if (isOp(node, gradient)) return 'value';
  if (isNumber(node)) return 'constant';
  if (isOp(node, bound)) return 'value';
  if (isResult) return 'result';
  return given ? 'value' : 'operation';
}

function labelled(node: Node, given: boolean): string {
  const leaf = leafName(node);
  if (leaf !== undefined) return leaf;
  if (given) return titleText(titleOf(node));
  if (node.inputs.length === 0) return formulaOf(node, () => undefined);
  const formula = createWriter((n) => (n === node ? undefined : 'x'))(node);
  switch (formula.kind) {
    case 'infix':
      return symbols[formula.operator];
    case 'apply':
      return formula.name;
    case 'sum':
      return 'sum';
    case 'contraction':
      return 'einsum';
    case 'cases':
      return 'if';
    case 'power':
    case 'transpose':
    case 'index':
      return formula.kind;
    default:
      return formula.kind === 'prefix' ? prefixes[formula.operator].nn.trim() : node.op.name;
  }
}

/** Operators in a word or sign: what a box is called. */
const symbols: Readonly<Record<Operator, string>> = {
  add: '+',
  sub: '−',
  times: '×',
  elementwise: '×',
  div: '÷',
  matrix: 'matmul',
  less: '<',
  lessEqual: '≤',
  greater: '>',
  greaterEqual: '≥',
  equal: '=',
  unequal: '≠',
  and: 'and',
  or: 'or',
};

/** The word for a value in the formulas of others: its own, or its operation's. */
function wordOf(node: Node): string | undefined {
  if (!isDrawn(node)) return undefined;
  return leafName(node) ?? (node.inputs.length === 0 ? undefined : titleText(titleOf(node)));
}
