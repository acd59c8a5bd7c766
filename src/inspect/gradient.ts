// The gradient program as a document: every cotangent under its name, as a formula, with the step of the chain rule it came from.
import { createWriter, sourcesOf } from '../ir/formula.js';
import type { Node, NotationStyle } from '../ir/graph.js';
import type { ModelGraph } from '../ir/model.js';
import { reachable } from '../ir/reachable.js';
import { printType } from '../ir/types.js';

export interface GradientOptions {
  readonly style: NotationStyle;
  /** Only what leads to this parameter's gradient. */
  readonly wrt?: string;
}

/** One line of the document. */
export interface GradientLine {
  /** `d_h`, or in mathematics `∂loss/∂h`. */
  readonly name: string;
  readonly formula: string;
  readonly type: string;
  /** Where the forward step that this differentiates stands: `textbook.nn:12`. */
  readonly source: string;
}

export interface GradientDocument {
  readonly forward: readonly GradientLine[];
  readonly backward: readonly GradientLine[];
  readonly gradients: readonly GradientLine[];
}

/** The forward pass, the intermediate cotangents in the order in which they are computed, and the gradient of each parameter. */
export function gradientDocument(
  model: ModelGraph,
  gradients: ReadonlyMap<string, Node>,
  options: GradientOptions,
): GradientDocument {
  const wanted = [...gradients].filter(([name]) => options.wrt === undefined || name === options.wrt);
  const roots = wanted.map(([, node]) => node);
  const forwardNodes = new Set(reachable([model.training.loss]));
  const backwardNodes = reachable(roots).filter((n) => !forwardNodes.has(n) && n.inputs.length > 0);
  const names = new Map<Node, string>();
  for (const node of forwardNodes) if (node.name && node.inputs.length > 0) names.set(node, node.name);
  nameCotangents(backwardNodes, roots, names);
  const targets = new Map(wanted.map(([name, node]) => [node, name]));

  const written = (node: Node): string => {
    const name = names.get(node) ?? (targets.has(node) ? `d_${targets.get(node)}` : undefined);
    return name === undefined ? '' : inStyle(name, options.style);
  };
  const line = (node: Node, name: string): GradientLine => ({
    name: inStyle(name, options.style),
    formula: createWriter((n) => (n === node ? undefined : written(n) || undefined), options.style)(node).text,
    type: printType(node.type),
    source: sourcesOf(node).join(', '),
  });
  const used = usedFrom([...backwardNodes, ...roots], names);
  return {
    forward: [...forwardNodes]
      .filter((n) => n.name && n.inputs.length > 0 && (used.has(n) || n === model.training.loss))
      .map((n) => line(n, n.name ?? '')),
    backward: backwardNodes.filter((n) => names.has(n) && !targets.has(n)).map((n) => line(n, names.get(n) ?? '')),
    gradients: wanted.map(([name, node]) => line(node, `d_${name}`)),
  };
}

/** The document as text, formulas and sources in columns. */
export function printGradient(document: GradientDocument): string {
  const section = (title: string, lines: readonly GradientLine[]): string[] => {
    if (lines.length === 0) return [];
    const name = Math.max(...lines.map((l) => [...l.name].length));
    const left = lines.map((l) => `${l.name.padEnd(name + l.name.length - [...l.name].length)} = ${l.formula}`);
    const width = Math.min(72, Math.max(...left.map((l) => [...l].length)));
    return [
      `// ${title}`,
      ...lines.map((l, i) => `${left[i].padEnd(width)}  // ${l.type}${l.source ? `  ${l.source}` : ''}`),
      '',
    ];
  };
  return [
    ...section('forward', document.forward),
    ...section('cotangents, by the chain rule', document.backward),
    ...section('gradients of the parameters', document.gradients),
  ]
    .join('\n')
    .trimEnd();
}

/** Cotangents that differentiation named keep their names; others that several steps read are named after what they come from. */
function nameCotangents(nodes: readonly Node[], roots: readonly Node[], names: Map<Node, string>): void {
  const readers = new Map<Node, number>();
  for (const node of nodes) for (const input of new Set(node.inputs)) readers.set(input, (readers.get(input) ?? 0) + 1);
  const taken = new Set(names.values());
  for (const node of nodes) {
    if (roots.includes(node)) continue;
    const shared = (readers.get(node) ?? 0) > 1 && !isPlumbing(node);
    const wanted = node.name ?? (shared ? `delta_${subjectOf(node, names) ?? 'loss'}` : undefined);
    if (wanted === undefined || isPlumbing(node)) continue;
    let name = wanted;
    for (let n = 2; taken.has(name); n++) name = `${wanted}_${n}`;
    taken.add(name);
    names.set(node, name);
  }
}

/** Constants, sizes and broadcasts are not worth a line. */
function isPlumbing(node: Node): boolean {
  return (
    node.op.notation?.kind === 'same' || node.inputs.every((i) => i.inputs.length === 0 && i.type.shape.length === 0)
  );
}

/** The forward value whose step a cotangent belongs to: the nearest named one it reads. */
function subjectOf(node: Node, names: ReadonlyMap<Node, string>): string | undefined {
  const open = [...node.inputs];
  for (let n = 0; n < open.length && n < 64; n++) {
    const name = names.get(open[n]);
    if (name) return name.replace(/^(d|delta)_/, '');
    open.push(...open[n].inputs);
  }
  return undefined;
}

/** The named nodes that a list of nodes reads, through unnamed ones. */
function usedFrom(nodes: readonly Node[], names: ReadonlyMap<Node, string>): Set<Node> {
  const used = new Set<Node>();
  const open = nodes.flatMap((n) => n.inputs);
  const seen = new Set<Node>();
  for (let node = open.pop(); node; node = open.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    if (names.has(node)) used.add(node);
    open.push(...node.inputs);
  }
  return used;
}

/** d_h is ∂loss/∂h in mathematics; names otherwise stand as they are. */
function inStyle(name: string, style: NotationStyle): string {
  if (style === 'nn') return name;
  if (name.startsWith('delta_')) return `δ_${name.slice('delta_'.length)}`;
  return name.startsWith('d_') ? `∂loss/∂${name.slice('d_'.length)}` : name;
}
