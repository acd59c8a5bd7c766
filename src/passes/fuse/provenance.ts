// Where a nest comes from, in the model's own names, and what its kernel is called.
import { formulaOf, sourcesOf, type NameOf } from '../../ir/formula.js';
import type { Node, Origin } from '../../ir/graph.js';
import { printIndex, sub, type Axis } from '../../ir/index.js';
import { broadcast } from '../../ir/ops/movement.js';
import { goesBackwards } from '../../ir/ops/rows.js';
import { inputsOfScan, type ScanNode } from '../../ir/ops/scan.js';
import { labelOf, leafName, ownName } from '../../ir/labels.js';
import { formOfRows, ownBuffer, targetsOf } from '../../ir/nest/forms.js';
import { partsOfNest } from '../../ir/nest/traverse.js';
import type { AnyNest, Phase, Provenance, Result, Store } from '../../ir/program.js';
import type { Buffer } from '../../ir/scalar.js';
import { printPlace, printSource, sourceOf, type SourceLine } from '../../ir/source.js';
import type { NestDraft } from './nests.js';

/** How the nodes of one nest are told. */
export interface Telling {
  /** Names what lies in a buffer; everything else is written out, by `texts` or as a formula. */
  readonly nameOf: NameOf;
  readonly texts: ReadonlyMap<Node, string>;
  /** Of a leaf of a loop's body that has no name outside: what it is. Absent outside of loops. */
  readonly definitionOf?: NameOf;
  readonly phaseOf: (node: Node) => Phase;
  readonly fusedInto: (node: Node) => readonly Node[];
}

export function provenanceOf(
  members: readonly NestDraft[],
  { nameOf, texts, definitionOf, phaseOf, fusedInto }: Telling,
): Provenance {
  const made = members.flatMap(({ nodes, nest, moves }) => {
    const targets = targetsOf(nest);
    return nodes.map((node, i): Made => {
      const text = moves ? loadedBy(nest.stores[i]) : texts.get(node);
      const fused = moves ? [] : fusedInto(node);
      return { node, to: targets[i], phase: phaseOf(node), fused, ...(text !== undefined && { text }) };
    });
  });
  const phases = made.map(({ phase: of }) => of);
  const phase = phases.includes('update') ? 'update' : phases.includes('backward') ? 'backward' : 'forward';
  const primary = primaryOf(made);
  let formulas: readonly string[] | undefined;
  return {
    // Written when first asked for: of the copies of a layer, few are. What two results are made of is told once.
    get formulas() {
      const definitions = definitionOf ? definitionsOf(made, nameOf, definitionOf) : [];
      return (formulas ??= [...new Set([...definitions, ...formulasOf(made, nameOf)])]);
    },
    sources: sourceLines(made, primary),
    phase,
    path: primary ? pathOf(primary) : '',
    results: made.map(({ node, to, phase: of, fused }) => ({ node, to, phase: of, fused })),
  };
}

function loadedBy({ value }: Store): string | undefined {
  return value.kind === 'load' ? value.from.name : undefined;
}

/** The same with results in other buffers. */
export function storedIn(provenance: Provenance, place: (buffer: Buffer) => Buffer | undefined): Provenance {
  const { sources, phase, path } = provenance;
  return {
    get formulas() {
      return provenance.formulas;
    },
    sources,
    phase,
    path,
    results: provenance.results.map((result) => ({ ...result, to: place(result.to) ?? result.to })),
  };
}

/** What the nest is named after: the parameter that it updates last, else what it stores last. */
function primaryOf(made: readonly Made[]): Made | undefined {
  return made.findLast(({ to: { space } }) => space === 'parameter') ?? made.at(-1);
}

/** Of the results, the primary one first; then lines that only what was put into them comes from. */
function sourceLines(made: readonly Made[], primary: Made | undefined): SourceLine[] {
  const found = new Map<string, SourceLine>();
  const places = new Set<string>();
  const add = ({ origin }: Node, isResult: boolean): void => {
    const line = origin && lineOfOrigin(origin);
    if (!line || (!isResult && places.has(line.place))) return;
    if (!found.has(line.text)) found.set(line.text, line.source);
    places.add(line.place);
  };
  if (primary) add(primary.node, true);
  for (const { node } of made) add(node, true);
  for (const { fused } of made)
    for (const node of fused)
      // Numbers, sizes and what they are spread over are nobody's in particular: equal ones are one node.
      if (node.op !== broadcast && isOfData(node)) add(node, false);
  return [...found.values()];
}

interface OriginLine {
  readonly source: SourceLine;
  readonly text: string;
  readonly place: string;
}

const originLines = new WeakMap<Origin, OriginLine>();

/** Of the many nodes of one origin written once. */
function lineOfOrigin(origin: Origin): OriginLine {
  let known = originLines.get(origin);
  if (!known) {
    const source = sourceOf({ origin });
    originLines.set(origin, (known = { source, text: printSource(source), place: printPlace(source) }));
  }
  return known;
}

const ofData = new WeakMap<Node, boolean>();

/** Is it computed from what the model reads or learns, and not of numbers and sizes alone? */
function isOfData(node: Node): boolean {
  let known = ofData.get(node);
  if (known === undefined) {
    known = node.inputs.length === 0 ? node.op.kind === 'leaf' : node.inputs.some(isOfData);
    ofData.set(node, known);
  }
  return known;
}

/** Where a result stands in the model. */
function pathOf({ node, to }: Made): string {
  return to.space === 'arena' ? (labelOf(node)?.place ?? node.origin?.path ?? '') : to.name;
}

interface Made extends Result {
  /** Its value, where that is not its formula. */
  readonly text?: string;
}

/** A line for each leaf of a loop's body that the formulas read by a name that is nobody's outside. */
function definitionsOf(made: readonly Made[], nameOf: NameOf, definitionOf: NameOf): string[] {
  const found = new Map<string, string>();
  for (const { node, text } of made)
    if (text === undefined)
      formulaOf(node, (n) => {
        const name = nameOf(n);
        const [own, is] = name === undefined ? [leafName(n), definitionOf(n)] : [];
        if (own !== undefined && is !== undefined) found.set(own, `${own} = ${is}`);
        return n === node ? undefined : name;
      });
  return [...found.values()];
}

/** A line for each result, after those for what it is made of. */
function formulasOf(made: readonly Made[], nameOf: NameOf): string[] {
  const slots = made.filter(({ to }) => to.space === 'slot');
  const others = made.filter(({ to }) => to.space !== 'slot');
  // As an optimizer is written: moments first, then the weight by the new moments, unless something still reads the old ones.
  const renewed = new Map(slots.map(({ node, to }) => [node, to.name]));
  const byNew: NameOf = (node) => nameOf(node) ?? renewed.get(node);
  const old = new Set(renewed.values());
  const lines = new Map<Node, Line>();
  const readsOld = ({ node, to }: Made): boolean => {
    const line = lineOf(node, byNew);
    lines.set(node, line);
    return [...line.mentions].some(
      (read) => !renewed.has(read) && old.has(byNew(read) ?? '') && byNew(read) !== to.name,
    );
  };
  if (slots.length === 0 || made.some(readsOld)) return made.flatMap((each) => linesOf(each, made, nameOf));
  return [
    ...slots.flatMap((each) => linesOf(each, made, nameOf)),
    ...others.flatMap((each) => linesOf(each, made, byNew, lines.get(each.node))),
  ];
}

/** A formula longer than this is written in several lines. */
const longFormula = 100;

/**
 * The formula of one result; where it is long, what has a name in the model gets a line of its own before it. `line`: the formula by
 * `nameOf`, where it is written already.
 */
function linesOf({ node, to, text }: Made, made: readonly Made[], nameOf: NameOf, line?: Line): string[] {
  if (text !== undefined) return [`${to.name} = ${text}`];
  const whole = [`${to.name} = ${(line ?? lineOf(node, nameOf)).formula}`];
  if (whole[0].length <= longFormula) return whole;
  const inner = innerNames(node, nameOf, new Set(made.map((m) => m.to.name)));
  let known = new Map<Node, Line>();
  let best = written(node, to.name, nameOf, inner, known);
  // A name that makes nothing shorter is left out again.
  for (const part of [...inner.keys()].reverse()) {
    const fewer = new Map([...inner].filter(([other]) => other !== part));
    const others = new Map([...known].filter(([, { mentions }]) => !mentions.has(part)));
    const lines = written(node, to.name, nameOf, fewer, others);
    if (lines.some((line) => line.length > longFormula) || lengthOf(lines) > lengthOf(best)) continue;
    inner.delete(part);
    known = others;
    best = lines;
  }
  return best;
}

function lengthOf(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + line.length, 0);
}

/** What has a name in the model and no buffer, in the order in which the formula comes to it. */
function innerNames(node: Node, nameOf: NameOf, taken: Set<string>): Map<Node, string> {
  const inner = new Map<Node, string>();
  formulaOf(node, (n) => {
    if (n === node) return undefined;
    const [known, own] = [nameOf(n), ownName(n)];
    if (known === undefined && own !== undefined && n.inputs.length > 0 && !taken.has(own)) {
      inner.set(n, own);
      taken.add(own);
    }
    return known;
  });
  return inner;
}

/** The formula of a node, after those of the inner ones that it mentions. `known` are formulas by these names, and gets those that are not. */
function written(
  node: Node,
  name: string,
  nameOf: NameOf,
  inner: ReadonlyMap<Node, string>,
  known: Map<Node, Line>,
): string[] {
  const names: NameOf = (n) => nameOf(n) ?? inner.get(n);
  const lines: string[] = [];
  const done = new Set<Node>();
  const write = (of: Node, as: string): void => {
    if (done.has(of)) return;
    done.add(of);
    const line = known.get(of) ?? lineOf(of, names);
    known.set(of, line);
    for (const part of line.mentions) {
      const own = nameOf(part) === undefined ? inner.get(part) : undefined;
      if (own !== undefined) write(part, own);
    }
    lines.push(`${as} = ${line.formula}`);
  };
  write(node, name);
  return lines;
}

interface Line {
  readonly formula: string;
  /** The named nodes that the formula mentions. */
  readonly mentions: ReadonlySet<Node>;
}

function lineOf(node: Node, nameOf: NameOf): Line {
  const mentions = new Set<Node>();
  const formula = formulaOf(node, (n) => {
    const name = n === node ? undefined : nameOf(n);
    if (name !== undefined) mentions.add(n);
    return name;
  });
  return { formula, mentions };
}

/**
 * What a loop goes over, and what it gives, in the model's names: `for each position of T: h, y   model.nn:9 lstm`. One that goes backwards
 * says which position a round is at.
 */
export function describeLoop(
  nodes: readonly ScanNode[],
  round: Axis,
  where: (node: Node) => Buffer | undefined,
): string {
  const [first] = nodes;
  const { name, size } = first.attrs.loop.length;
  const names = new Set(nodes.flatMap((node) => where(node)?.name ?? []));
  const sources = new Set(nodes.flatMap(sourcesOf));
  const back = goesBackwards(inputsOfScan(first).sequences)
    ? `, from the last to the first (${printIndex(sub(size, 1))} - ${round.name} in round ${round.name})`
    : '';
  const over = `for each position of ${name ?? printIndex(size)}${back}: ${[...names].join(', ')}`;
  return [over, ...sources].join('   ');
}

/** What it stores last, or the parameters that it updates: `update_hidden_W`; the loop that does everything is `learn`. */
export function kernelName(nest: AnyNest): string {
  const targets = targetsIn(nest);
  const [only, ...others] = new Set(targets.filter((b) => b.space === 'parameter'));
  if (!only) return targets.at(-1)?.name ?? nest.name;
  if (others.length > 0) return 'learn';
  return `update_${only.name}`;
}

/** Where it stores last. */
export function lastTarget(nest: AnyNest): Buffer | undefined {
  return targetsIn(nest).at(-1);
}

function targetsIn(nest: AnyNest): Buffer[] {
  if (nest.kind === 'nest') return targetsOf(nest);
  const formed = formOfRows(nest);
  const own = formed && ownBuffer(formed);
  return partsOfNest(formed?.form.nest ?? nest).flatMap(({ stores }) => stores.map(({ to }) => own?.(to) ?? to));
}
