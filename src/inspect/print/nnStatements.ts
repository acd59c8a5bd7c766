// Statements of a model printed by us: what has a name, what several read, and what would be long.
import { createWriter } from '../../ir/formula.js';
import { printFormula } from '../../ir/formula/text.js';
import { name, standingFor, type Formula } from '../../ir/formula/tree.js';
import { isOp, type Node } from '../../ir/graph.js';
import { asName, nameOf } from '../../ir/labels.js';
import { constant, literal, size } from '../../ir/ops/constants.js';
import { broadcast } from '../../ir/ops/movement.js';
import { ownGradient } from '../../ir/ops/ownGradient.js';
import { runKey, runsAmong, scan, type ScanNode } from '../../ir/ops/scan.js';
import type { Words } from './nnWords.js';

/** An expression that is longer is given a name. */
const longest = 72;

/** Where statements are written: what has a name there, and the statements so far. */
export interface Body {
  readonly words: Words;
  readonly lines: string[];
  readonly indent: string;
  /** Formulas of leaves and of what has been given a name. */
  readonly known: Map<Node, Formula>;
  /** What each word of the model is, in whichever body it stands. */
  readonly said: Map<string, Said>;
  /** Writes a scan for all results of a run. */
  readonly emitLoop: (results: readonly ScanNode[], body: Body) => void;
}

/** What a word of the model stands for, and how its line says so. */
export interface Said {
  readonly node: Node;
  readonly formula: string;
}

/** Statements for what has a title, what several read, and what would be long. */
export function emitAll(nodes: readonly Node[], body: Body, titles: ReadonlyMap<Node, string>): void {
  const readers = new Map<Node, number>();
  for (const node of nodes) for (const part of new Set(node.inputs)) readers.set(part, (readers.get(part) ?? 0) + 1);
  const runs = runsAmong(nodes);
  for (const node of nodes) {
    if (body.known.has(node) || node.inputs.length === 0) continue;
    if (isOp(node, scan)) {
      const results = runs.get(runKey(node)) ?? [node];
      if (results[0] === node) body.emitLoop(results, body);
      continue;
    }
    const title = titles.get(node);
    const shared = (readers.get(node) ?? 0) > 1 && !isShort(node);
    if (title !== undefined || shared || textOf(node, body).length > longest) bind(node, title ?? nameOf(node), body);
  }
}

/** A node by its name. */
export function named(node: Node, word: string): Formula {
  return standingFor(node, name(word));
}

/** Numbers and what repeats something: where they stand says what they are. */
function isShort(node: Node): boolean {
  const at = isOp(node, broadcast) ? node.inputs[0] : node;
  return at.inputs.length === 0 || isOp(at, constant, size, literal);
}

/** Gives a node a statement; its name stands for it from there on. */
export function bind(node: Node, wanted: string, body: Body): string {
  const text = textOf(node, body);
  const word = body.words.free(asName(wanted));
  body.lines.push(`${body.indent}${word} = ${text}`);
  body.known.set(node, named(node, word));
  body.said.set(word, { node, formula: text });
  return word;
}

export function textOf(node: Node, body: Body): string {
  return printFormula(formulaOf(node, body), 'model');
}

function formulaOf(node: Node, { known }: Body): Formula {
  const write: (node: Node) => Formula = createWriter(
    (n) => known.get(n) ?? (isOp(n, ownGradient) ? write(n.inputs[0]) : undefined),
    () => undefined,
  );
  return write(node);
}
