// The printed form of a graph: one line a node, inputs before what reads them.
import { sourcesOf } from './formula.js';
import { isOp, type Node } from './graph.js';
import { printIndex, type Index } from './index.js';
import { labelOf, titleText } from './labels.js';
import { bodyRoots, runKey, runsAmong, scan, type ScanNode } from './ops/scan.js';
import { reachable } from './reachable.js';
import { printDim, printType, type Dim, type TensorType } from './types.js';

/**
 * Everything the roots reach, in order of making, numbered from 0:
 * `%12 h: [batch, hidden=128] = add(%10, %11)  // mnist.nn:6`. A loop stands before its first result, its body indented and numbered by
 * the loop's letter: `%a3`.
 */
export function printGraph(roots: readonly Node[]): string {
  const letters = createLetters();
  return linesOf(roots, '', letters).join('\n');
}

/** The names of loops: a, b, …, z, a1 … */
function createLetters(): () => string {
  let count = 0;
  return () => {
    const [letter, round] = [String.fromCharCode(97 + (count % 26)), Math.floor(count / 26)];
    count++;
    return round === 0 ? letter : `${letter}${round}_`;
  };
}

function linesOf(roots: readonly Node[], prefix: string, nextLetter: () => string): string[] {
  const nodes = reachable(roots);
  const numbers = new Map(nodes.map((node, i) => [node, `%${prefix}${i}`]));
  const runs = runsAmong(nodes);
  const bodies = new Map<string, Printed>();
  return nodes.flatMap((node) => {
    const label = labelOf(node);
    const name = label?.named ? ` ${titleText(label)}` : '';
    const [source] = sourcesOf(node);
    const before: string[] = [];
    let value = `${node.op.name}(${argumentsOf(node, numbers)})`;
    if (isOp(node, scan)) {
      const key = runKey(node);
      let body = bodies.get(key);
      if (!body) {
        bodies.set(key, (body = printRun(runs.get(key) ?? [node], numbers, nextLetter)));
        before.push(...body.lines);
      }
      value = body.result(node);
    }
    const left = `${numbers.get(node)}${name}: ${printType(node.type)} = ${value}`;
    return [...before, source === undefined ? left : `${left}  // ${source}`];
  });
}

interface Printed {
  readonly lines: readonly string[];
  /** `emit %a3 of loop a` */
  readonly result: (node: ScanNode) => string;
}

/** `loop a: T=5 rounds, xt in %0, h = %3 becomes %a4, W: %1`, and its body. */
function printRun(results: readonly ScanNode[], outside: ReadonlyMap<Node, string>, nextLetter: () => string): Printed {
  const [{ inputs, attrs }] = results;
  const { loop } = attrs;
  const letter = nextLetter();
  const roots = bodyRoots(results);
  const numbers = new Map(reachable(roots).map((node, i) => [node, `%${letter}${i}`]));
  const to = (i: number): string => outside.get(inputs[i]) ?? '%?';
  const { length: sequences } = loop.slices;
  const heads = [
    `${printDim(loop.length)} rounds`,
    ...loop.slices.map(({ attrs: { name } }, i) => `${name} in ${to(i)}`),
    ...loop.carried.map(
      ({ attrs: { name } }, k) => `${name} = ${to(sequences + k)} becomes ${numbers.get(loop.next[k])}`,
    ),
    ...loop.captured.map(({ attrs: { name } }, i) => `${name}: ${to(sequences + loop.carried.length + i)}`),
  ];
  return {
    lines: [`loop ${letter}: ${heads.join(', ')}`, ...linesOf(roots, letter, nextLetter).map((line) => `  ${line}`)],
    result: ({ attrs: { result } }) =>
      result.kind === 'emit'
        ? `emit ${numbers.get(result.of)} of loop ${letter}`
        : `${result.kind} ${loop.carried[result.of].attrs.name} of loop ${letter}`,
  };
}

/** The inputs by number, then the attributes; a type that the line shows anyway is left out. */
function argumentsOf(node: Node, numbers: ReadonlyMap<Node, string>): string {
  const attrs = Object.entries(node.attrs).filter(([name, value]) => name !== 'type' && value !== undefined);
  return [
    ...node.inputs.map((input) => numbers.get(input) ?? '%?'),
    ...attrs.map(([name, value]) => `${name} = ${printAttribute(value)}`),
  ].join(', ');
}

const shown = 12;

function printAttribute(value: unknown): string {
  if (Array.isArray(value)) {
    const items = value.slice(0, shown).map(printAttribute);
    return `[${[...items, ...(value.length > shown ? [`… ${value.length} in all`] : [])].join(', ')}]`;
  }
  if (isIndex(value)) return printIndex(value);
  if (isDim(value)) return printDim(value);
  if (isType(value)) return printType(value);
  return Object.is(value, -0) ? '-0' : String(value);
}

export function isIndex(value: unknown): value is Index {
  return typeof value === 'object' && value !== null && 'terms' in value && 'key' in value;
}

function isDim(value: unknown): value is Dim {
  return typeof value === 'object' && value !== null && 'size' in value && isIndex(value.size);
}

function isType(value: unknown): value is TensorType {
  return typeof value === 'object' && value !== null && 'element' in value && 'shape' in value;
}
