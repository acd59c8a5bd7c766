// The gradient program as a document: every cotangent under its name, as a formula, with the step of the chain rule it came from.
import { createWriter, sourcesOf } from '../ir/formula.js';
import { isOp, type Node, type NotationStyle } from '../ir/graph.js';
import { asName, deltaOf, labelOf, titleOf, titleText, type Title } from '../ir/labels.js';
import type { ModelGraph } from '../ir/model.js';
import { reachable } from '../ir/reachable.js';
import { axesText, recognise, type Form } from '../ir/recognise.js';
import { printType } from '../ir/types.js';
import { broadcast } from '../ir/ops/movement.js';
import { constant, size } from '../ir/ops/constants.js';
import { div, mul, neg } from '../ir/ops/arithmetic.js';
import { sum } from '../ir/ops/reductions.js';
import { scan } from '../ir/ops/scan.js';
import { loopNames, loopsAmong, type BodyLine, type Loops } from './loops.js';

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
  /** Of a loop, whose formula is its head: what each round does. */
  readonly body?: readonly BodyLine[];
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
  const { loss, outputs, metrics } = model.training;
  const total = loss ? [loss] : [];
  const wanted = [...gradients].filter(([name]) => options.wrt === undefined || name === options.wrt);
  const roots = wanted.map(([, node]) => node);
  const forward = new Set(reachable([...outputs, ...metrics].map(({ node }) => node).concat(total)));
  const seen = displayed([...total, ...roots]);
  const backward = seen.inOrder(roots).filter((n) => !forward.has(n) && n.inputs.length > 0);
  const names = new Map<Node, Title>();
  for (const node of forward)
    if (node.name && node.inputs.length > 0) names.set(node, { of: 'value', word: node.name });
  nameShared(seen, seen.inOrder([...total, ...roots]), forward, names);
  nameCotangents(seen, backward, roots, names);
  const targets = new Map(wanted.map(([name, node]): [Node, Title] => [node, { of: 'cotangent', word: name }]));

  const loops = loopsAmong(seen.inOrder([...total, ...roots]), options.style);
  const written = (node: Node): string | undefined => {
    const name = names.get(node) ?? targets.get(node);
    return name ? inStyle(name, options.style) : isOp(node, scan) ? loops.nameOf(node) : undefined;
  };
  const formulaOf = (node: Node): string =>
    isOp(node, scan)
      ? loops.nameOf(node)
      : createWriter((n) => (n === node ? undefined : written(n)), options.style, seen.formOf)(node).text;
  const line = (node: Node, name: Title): GradientLine => ({
    name: inStyle(name, options.style),
    formula: formulaOf(node),
    type: printType(node.type),
    source: sourcesOf(node).join(', '),
  });
  const used = new Set(seen.inOrder([...total, ...roots]));
  const withLoops = loopsBefore(loops, (node) => createWriter(written, options.style, seen.formOf)(node).text);
  const document = {
    forward: seen
      .inOrder([...used].filter((n) => forward.has(n) && n !== loss).concat(total))
      .filter((n) => n === loss || (forward.has(n) && names.has(n)))
      .map((n) => line(n, names.get(n) ?? { of: 'value', word: 'loss' })),
    backward: backward.flatMap((n) => {
      const name = targets.has(n) ? undefined : names.get(n);
      return name ? [line(n, name)] : [];
    }),
    gradients: wanted.map(([name, node]) => line(node, { of: 'cotangent', word: name })),
  };
  const [before, between, after] = [document.forward, document.backward, document.gradients].map(withLoops);
  // A loop that only gradients speak of makes cotangents all the same.
  const isLoop = (l: GradientLine): boolean => l.body !== undefined;
  return {
    forward: before,
    backward: [...between, ...after.filter(isLoop)],
    gradients: after.filter((l) => !isLoop(l)),
  };
}

/** Puts each loop before the first line that speaks of it, and what its head speaks of before that. */
function loopsBefore(
  loops: Loops,
  written: (node: Node) => string,
): (lines: readonly GradientLine[]) => GradientLine[] {
  const told = new Set<string>();
  const before = (text: string): GradientLine[] =>
    (text.match(loopNames) ?? []).flatMap((name) => {
      if (told.has(name)) return [];
      told.add(name);
      const loop = loops.textOf(name, written);
      if (!loop) return [];
      const line: GradientLine = { name, formula: loop.head, type: loop.rounds, source: '', body: loop.body };
      return [...before(loop.head), line];
    });
  return (lines) => lines.flatMap((line) => [...before(line.formula), line]);
}

/** The graph as it is read: what a well-known form is made of is not seen. */
interface Displayed {
  formOf(node: Node): Form | undefined;
  inputsOf(node: Node): readonly Node[];
  /** What the roots are made from, inputs before what reads them. */
  inOrder(roots: readonly Node[]): Node[];
}

function displayed(roots: readonly Node[]): Displayed {
  const sums = sumsOfScaled(reachable(roots));
  const formOf = (node: Node): Form | undefined => sums.get(node) ?? recognise(node);
  const inputsOf = (node: Node): readonly Node[] => formOf(node)?.inputs ?? node.inputs;
  const inOrder = (from: readonly Node[]): Node[] => {
    const done = new Set<Node>();
    const open = [...from].reverse();
    const entered = new Set<Node>();
    for (let node = open.at(-1); node; node = open.at(-1)) {
      if (entered.has(node)) {
        done.add(node);
        open.pop();
        continue;
      }
      entered.add(node);
      for (const input of [...inputsOf(node)].reverse()) if (!entered.has(input)) open.push(input);
    }
    return [...done];
  };
  return { formOf, inputsOf, inOrder };
}

/**
 * sum(a) / n reads as sum(a / n) where a / n is there too: the simplifier divides last, a reader looks for the sum of the
 * cotangent that stands above.
 */
function sumsOfScaled(nodes: readonly Node[]): Map<Node, Form> {
  const scaled = new Map<Node, { readonly node: Node; readonly scale: string }[]>();
  const found = new Map<Node, Form>();
  const parts = nodes.map((node) => ({ node, ...unscaled(node) }));
  for (const { node, core, scale } of parts)
    if (scale !== '') scaled.set(core, [...(scaled.get(core) ?? []), { node, scale }]);
  for (const { node, core, scale } of parts) {
    if (scale === '' || !isOp(core, sum)) continue;
    const term = scaled.get(core.inputs[0])?.find((other) => other.scale === scale);
    if (term) found.set(node, { name: 'sum', inputs: [term.node], rest: axesText(core) });
  }
  return found;
}

/** A node as core times a scale, the scale as a key; '' where there is none. */
function unscaled(node: Node): { readonly core: Node; readonly scale: string } {
  const [a, b] = node.inputs;
  const peeled = (core: Node, factor: string): { core: Node; scale: string } => {
    const inner = unscaled(core);
    return { core: inner.core, scale: inner.scale + factor };
  };
  if (isOp(node, neg)) return peeled(a, '-');
  if (isOp(node, div) && scalarKey(b) !== undefined) return peeled(a, `/${scalarKey(b)}`);
  if (isOp(node, mul) && scalarKey(a) !== undefined) return peeled(b, `*${scalarKey(a)}`);
  if (isOp(node, mul) && scalarKey(b) !== undefined) return peeled(a, `*${scalarKey(b)}`);
  return { core: node, scale: '' };
}

/** Numbers and run-time sizes, also broadcast. */
function scalarKey(node: Node): string | undefined {
  const at = isOp(node, broadcast) ? node.inputs[0] : node;
  return isOp(at, constant, size) ? String(at.id) : undefined;
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
      ...lines.flatMap((l, i) => [
        `${left[i].padEnd(width)}  // ${l.type}${l.source ? `  ${l.source}` : ''}`,
        ...(l.body ? printBody(l.body, '  ', width) : []),
      ]),
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

function printBody(lines: readonly BodyLine[], indent: string, width: number): string[] {
  return lines.flatMap(({ text, type, body }) => [
    `${`${indent}${text}`.padEnd(width)}  // ${type}`,
    ...(body ? printBody(body, `${indent}  `, width) : []),
  ]);
}

/** A shorter formula is repeated rather than named. */
const shortest = 16;

/** A step of the forward pass that has no name and that several others read gets one: as the generated module calls it. */
function nameShared(
  seen: Displayed,
  nodes: readonly Node[],
  forward: ReadonlySet<Node>,
  names: Map<Node, Title>,
): void {
  const readers = readersOf(seen, nodes);
  for (const node of nodes) {
    if (!forward.has(node) || names.has(node) || (readers.get(node) ?? 0) < 2 || isPlumbing(node, seen)) continue;
    const { text } = createWriter((n) => textIn(names, n), 'nn', seen.formOf)(node);
    if (text.length > shortest) names.set(node, free(titleOf(node), names));
  }
}

/** Cotangents that differentiation named keep their names; others that several steps read are named by their place, or after what they come from. */
function nameCotangents(
  seen: Displayed,
  nodes: readonly Node[],
  roots: readonly Node[],
  names: Map<Node, Title>,
): void {
  const readers = readersOf(seen, nodes);
  for (const node of nodes) {
    if (roots.includes(node) || isPlumbing(node, seen)) continue;
    const shared = (readers.get(node) ?? 0) > 1;
    const label = labelOf(node);
    const after = (): Title => deltaOf(node) ?? { of: 'delta', word: subjectOf(node, names, seen) };
    const wanted = label?.named || shared ? (label ?? after()) : undefined;
    if (wanted) names.set(node, free(wanted, names));
  }
}

/** How many of the nodes read each. */
function readersOf(seen: Displayed, nodes: readonly Node[]): Map<Node, number> {
  const readers = new Map<Node, number>();
  for (const node of nodes)
    for (const input of new Set(seen.inputsOf(node))) readers.set(input, (readers.get(input) ?? 0) + 1);
  return readers;
}

function free({ of, word }: Title, names: ReadonlyMap<Node, Title>): Title {
  const taken = new Set([...names.values()].map(titleText));
  let name: Title = { of, word };
  for (let n = 2; taken.has(titleText(name)); n++) name = { of, word: `${word}_${n}` };
  return name;
}

function textIn(names: ReadonlyMap<Node, Title>, node: Node): string | undefined {
  const name = names.get(node);
  return name && titleText(name);
}

/** Constants, sizes and broadcasts are not worth a line. */
function isPlumbing(node: Node, seen: Displayed): boolean {
  if (node.op.notation?.kind === 'same' || node.inputs.length === 0) return true;
  return seen.inputsOf(node).every((i) => i.inputs.length === 0 && i.type.shape.length === 0);
}

/** The forward value whose step a cotangent belongs to: the one in whose expression it was differentiated, else the nearest it reads. */
function subjectOf(node: Node, names: ReadonlyMap<Node, Title>, seen: Displayed): string {
  const path = node.origin?.path ?? '';
  if (path !== '') return asName(path);
  const open = [...seen.inputsOf(node)];
  for (let n = 0; n < open.length && n < 64; n++) {
    const name = names.get(open[n]);
    if (name) return name.word;
    open.push(...seen.inputsOf(open[n]));
  }
  return 'loss';
}

/** d_h is ∂loss/∂h in mathematics; names otherwise stand as they are. */
function inStyle(title: Title, style: NotationStyle): string {
  return style === 'nn' ? titleText(title) : `${prefixes[title.of]}${title.word}`;
}

const prefixes: Readonly<Record<Title['of'], string>> = { value: '', cotangent: '∂loss/∂', delta: 'δ_' };
