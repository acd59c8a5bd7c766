// What must hold of a graph between any two passes.
import type { Node } from './graph.js';
import { axis, constantOf, toIndex } from './index.js';
import { literal } from './ops/constants.js';
import { bodyRoots, leavesOfLoop, runsAmong, type ScanNode } from './ops/scan.js';
import { partsOfNode, reachable } from './reachable.js';
import { indexValue, number, type Scalar, type ScalarType } from './scalar.js';
import { printType, sameElement, sameShape, type ElementType, type TensorType } from './types.js';

/** Nodes never change: of one that was right by itself, only what it stands among is asked again. */
const sound = new WeakSet<Node>();

/** What is wrong with the graph that the roots reach, a sentence each; empty where all is well. */
export function verifyGraph(roots: readonly Node[]): string[] {
  const byKey = new Map<string, Node>();
  const order = withStrangers(roots);
  const ofNodes = order.flatMap((node) => {
    const twin = byKey.get(node.key);
    byKey.set(node.key, node);
    const faults = twin ? ['is a second node of one expression: nodes of two builders are mixed'] : [];
    if (!sound.has(node)) {
      const own = faultsOfNode(node);
      if (own.length === 0) sound.add(node);
      faults.push(...own);
    }
    return faults.map((f) => `${describe(node)} ${f}`);
  });
  return [...ofNodes, ...[...runsAmong(order).values()].flatMap(faultsOfBody)];
}

/** What `reachable` gives, which tells nodes apart by their numbers, and nodes of another builder besides. */
function withStrangers(roots: readonly Node[]): Node[] {
  const found = new Set<Node>();
  const open = [...roots];
  for (let node = open.pop(); node; node = open.pop()) {
    if (found.has(node)) continue;
    found.add(node);
    open.push(...partsOfNode(node));
  }
  return [...found].sort((a, b) => a.id - b.id);
}

/** A body reads nothing from outside but through its loop's leaves, and is a graph like any other. */
function faultsOfBody(results: readonly ScanNode[]): string[] {
  const [first] = results;
  const roots = bodyRoots(results);
  const leaves = new Set<Node>(leavesOfLoop(first.attrs.loop));
  const strangers = reachable(roots).filter((n) => n.op.kind === 'leaf' && n.op !== literal && !leaves.has(n));
  const unclosed = strangers.map((n) => `reads ${describe(n)}, which is no leaf of its loop`);
  const young = results
    .filter((r) => bodyRoots([r]).some((root) => root.id >= r.id))
    .map(() => 'is older than its body');
  return [...[...unclosed, ...young].map((f) => `${describe(first)} ${f}`), ...verifyGraph(roots)];
}

function faultsOfNode(node: Node): string[] {
  const faults = [...faultsOfOrder(node), ...faultsOfType(node)];
  // An element rule may rely on its node's type.
  return faults.length === 0 ? faultsOfElement(node) : faults;
}

function describe(node: Node): string {
  return `%${node.id} ${node.name === undefined ? '' : `${node.name} = `}${node.op.name}`;
}

function faultsOfOrder(node: Node): string[] {
  return partsOfNode(node).some((part) => part.id >= node.id) ? ['reads a node that is not older than itself'] : [];
}

function faultsOfType(node: Node): string[] {
  const empty = node.type.shape.some((d) => (constantOf(d.size) ?? 1) < 1);
  if (empty) return [`has an empty axis: ${printType(node.type)}`];
  const expected = expectedType(node);
  if (typeof expected === 'string') return [expected];
  const agrees = sameShape(expected, node.type) && sameElement(expected.element, node.type.element);
  return agrees ? [] : [`is ${printType(node.type)}, its op says ${printType(expected)}`];
}

function expectedType(node: Node): TensorType | string {
  try {
    return node.op.type(
      node.inputs.map((input) => input.type),
      node.attrs,
    );
  } catch (error) {
    return `is misused: ${error instanceof Error ? error.message : String(error)}`;
  }
}

const scalarOf: Readonly<Record<ElementType['kind'], ScalarType>> = { f32: 'f32', index: 'i32', bool: 'bool' };

/** An element is a scalar of the node's element type, and reads its inputs with one coordinate a dimension. */
function faultsOfElement(node: Node): string[] {
  const { op } = node;
  if (op.kind !== 'element') return [];
  const faults: string[] = [];
  const inputs = node.inputs.map((input, n) => (at: readonly unknown[]): Scalar => {
    const rank = input.type.shape.length;
    if (at.length !== rank) faults.push(`reads input ${n} with ${at.length} coordinates, it has ${rank} dimensions`);
    return placeholder(input.type.element);
  });
  try {
    const at = node.type.shape.map((d, i) => toIndex(axis(`i${i}`, d.size)));
    const { type } = op.element(at, inputs, node);
    const expected = scalarOf[node.type.element.kind];
    if (type !== expected) faults.push(`has elements of ${type}, its type says ${expected}`);
  } catch (error) {
    faults.push(`has no element: ${error instanceof Error ? error.message : String(error)}`);
  }
  return faults;
}

/** Some scalar of the element type, neither of whose values is special. */
function placeholder(element: ElementType): Scalar {
  switch (element.kind) {
    case 'f32':
    case 'bool':
      return number(1, scalarOf[element.kind]);
    case 'index':
      return indexValue(0);
    default:
      return element satisfies never;
  }
}
