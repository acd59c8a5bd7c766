// Updates of parameters that are alike but for their leaves, simplified once.
import { isOp, type Builder, type Node, type Origin } from '../../ir/graph.js';
import { gradient, parameter, slot } from '../../ir/ops/leaves.js';
import { typeKey } from '../../ir/types.js';
import { overLeaves, reachable } from '../../ir/reachable.js';
import { simplify } from './simplify.js';
import type { Becomes } from './update.js';

/** What parameters and slots become, in simpler form: parameters whose updates have one shape have one simplification, each over its own leaves. */
export function simplifyAlike(step: readonly Becomes[], g: Builder): Becomes[] {
  const byParameter = new Map<string, Becomes[]>();
  for (const each of step) byParameter.set(each.parameter, [...(byParameter.get(each.parameter) ?? []), each]);
  const known = new Map<string, { readonly shape: UpdateShape; readonly simpler: readonly Node[] }>();
  const simpler = new Map<Becomes, Node>();
  for (const own of byParameter.values()) {
    const roots = own.map(({ node }) => node);
    const shape = shapeOf(roots);
    const first = known.get(shape.text);
    const leaves = new Map(first?.shape.leaves.map((leaf, i) => [leaf, shape.leaves[i]]));
    const nodes = first ? overLeaves(first.simpler, (leaf) => leaves.get(leaf), g) : simplify(roots, g, 'derived');
    if (!first) known.set(shape.text, { shape, simpler: nodes });
    own.forEach((each, i) => simpler.set(each, nodes[i]));
  }
  return step.map((each) => ({ ...each, node: simpler.get(each) ?? each.node }));
}

interface UpdateShape {
  /** Equal where nodes are the same, and called the same, but for their leaves. */
  readonly text: string;
  /** The leaves that are a parameter's, in order. */
  readonly leaves: readonly Node[];
}

function shapeOf(roots: readonly Node[]): UpdateShape {
  const leaves: Node[] = [];
  // Of the nodes that depend on those leaves, which in order each is; all others are the same node in every update.
  const own = new Map<Node, number>();
  const refer = (node: Node): string => (own.has(node) ? `$${own.get(node)}` : `#${node.id}`);
  const parts: string[] = [];
  for (const node of reachable(roots)) {
    const isLeaf = isOp(node, parameter, gradient, slot);
    if (!isLeaf && !node.inputs.some((input) => own.has(input))) continue;
    if (isLeaf) leaves.push(node);
    parts.push(`${isLeaf ? leafText(node) : operationText(node, refer)} ${labelText(node)}`);
    own.set(node, own.size);
  }
  return { text: [...parts, roots.map(refer).join()].join('\n'), leaves };
}

function leafText(leaf: Node): string {
  const name = isOp(leaf, slot) ? leaf.attrs.name : '';
  return `${leaf.op.name} ${name} ${typeKey(leaf.type)}`;
}

/** The operation with its attributes. */
function operationText({ op, attrsKey, inputs }: Node, refer: (node: Node) => string): string {
  return `${op.name}(${inputs.map(refer).join()})${attrsKey}`;
}

/** What is said of a node beside what it computes. A parameter is called by its own name. */
function labelText({ name, place, activation, kept, role, origin, inputs }: Node): string {
  if (inputs.length === 0) return '';
  return `${name} ${place} ${activation} ${kept} ${role.kind} ${origin && originText(origin)}`;
}

const originTexts = new WeakMap<Origin, string>();

function originText(origin: Origin): string {
  let known = originTexts.get(origin);
  if (known === undefined) {
    const { file, line, calls, path } = origin;
    originTexts.set(origin, (known = `${file} ${line} ${calls.join()} ${path}`));
  }
  return known;
}
