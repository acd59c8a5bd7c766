// What a value is, in the words of those who write models: shapes with the names of their dimensions.
import { printIndex } from '../ir/index.js';
import { printType } from '../ir/types.js';
import { layerName, printNumber, type Value } from '../passes/elaborate/values.js';

/** A type, or what a static value is: `[batch, hidden=128]`, `hidden = 128`, `the layer dense`. */
export function describeValue(value: Value | undefined): string | undefined {
  if (value === undefined) return undefined;
  switch (value.kind) {
    case 'tensor':
      return printType(value.node.type);
    case 'number':
      return value.name === undefined ? printNumber(value.value) : `${value.name} = ${printNumber(value.value)}`;
    case 'size':
      return `${value.name ?? printIndex(value.index)}, any size`;
    case 'boolean':
      return String(value.value);
    case 'string':
      return JSON.stringify(value.value);
    case 'none':
    case 'all':
      return value.kind;
    case 'list':
      return listed(value.items, '[', ']');
    case 'tuple':
      return listed(value.items, '', '');
    case 'function':
      return `${value.definition.kind} ${value.definition.name.name}`;
    case 'builtin':
      return `fn ${value.builtin.name}`;
    case 'composition':
    case 'repeat':
    case 'wrapped':
      return layerName(value) === undefined ? 'layer' : `layer ${layerName(value)}`;
    case 'initial':
      return 'initialiser';
    case 'optimizer':
      return `optimizer ${value.declaration.name.name}`;
    case 'data':
      return `data source ${value.source.kind}`;
    case 'range':
      return `columns ${value.from} to ${value.to}`;
    case 'unknown':
      return undefined;
    default:
      return value satisfies never;
  }
}

/** So many items of a list are told. */
const most = 8;

function listed(items: readonly Value[], open: string, close: string): string {
  const shown = items.slice(0, most).map((item) => describeValue(item) ?? '?');
  return `${open}${[...shown, ...(items.length > most ? ['…'] : [])].join(', ')}${close}`;
}

/** Is it told in a line of its own where a name is bound: a tensor, or several? */
export function isTensorial(value: Value): boolean {
  return value.kind === 'tensor' || (value.kind === 'tuple' && value.items.every(isTensorial));
}
