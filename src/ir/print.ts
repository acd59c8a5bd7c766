// The printed form of a graph: one line a node, inputs before what reads them.
import { sourcesOf } from './formula.js';
import type { Node } from './graph.js';
import { printIndex, type Index } from './index.js';
import { labelOf, titleText } from './labels.js';
import { reachable } from './reachable.js';
import { printDim, printType, type Dim, type TensorType } from './types.js';

/**
 * Everything the roots reach, in order of making, numbered from 0:
 * `%12 h: [batch, hidden=128] = add(%10, %11)  // mnist.nn:6`.
 */
export function printGraph(roots: readonly Node[]): string {
  const nodes = reachable(roots);
  const numbers = new Map(nodes.map((node, i) => [node, `%${i}`]));
  const lines = nodes.map((node) => {
    const label = labelOf(node);
    const name = label?.named ? ` ${titleText(label)}` : '';
    const [source] = sourcesOf(node);
    const left = `${numbers.get(node)}${name}: ${printType(node.type)} = ${node.op.name}(${argumentsOf(node, numbers)})`;
    return source === undefined ? left : `${left}  // ${source}`;
  });
  return lines.join('\n');
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
