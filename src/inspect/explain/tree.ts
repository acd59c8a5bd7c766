// Layers as a tree, with what each costs together with the layers in it.
import { noCosts, sumOf, type Costs, type LayerCosts } from './costs.js';

export interface Layer {
  /** `h.block.3`; empty for the model. */
  readonly path: string;
  /** The last part of it. */
  readonly name: string;
  /** Without the layers in it, and with them. */
  readonly own: Costs;
  readonly total: Costs;
  readonly layers: readonly Layer[];
  /** How many layers, numbered one after another from this one on, cost the same throughout. Present where there are several. */
  readonly copies?: number;
}

/** The tree under the model, in the order in which layers come. */
export function layerTree(costs: LayerCosts): Layer {
  return layerAt('', [...costs.keys()], costs);
}

function layerAt(path: string, within: readonly string[], costs: LayerCosts): Layer {
  const prefix = path === '' ? '' : `${path}.`;
  const children = new Map<string, string[]>();
  for (const other of within) {
    if (other === path) continue;
    const [name] = other.slice(prefix.length).split('.');
    const child = `${prefix}${name}`;
    children.set(child, [...(children.get(child) ?? []), other]);
  }
  const layers = [...children].map(([child, paths]) => layerAt(child, paths, costs));
  const own = costs.get(path) ?? noCosts;
  const total = layers.reduce((sum, layer) => sumOf(sum, layer.total), own);
  return { path, name: path.slice(path.lastIndexOf('.') + 1), own, total, layers: inNumbers(layers) };
}

/** Copies of a repeat follow one another by their numbers, and the first of several that are alike says how many there are. */
function inNumbers(layers: readonly Layer[]): Layer[] {
  const isCopy = ({ name }: Layer): boolean => /^\d+$/.test(name);
  const copies = layers.filter(isCopy).sort((a, b) => Number(a.name) - Number(b.name));
  const marked = copies.map((copy, i): Layer => {
    if (i > 0 && shapeOf(copies[i - 1]) === shapeOf(copy)) return copy;
    const next = copies.findIndex((other, j) => j > i && shapeOf(other) !== shapeOf(copy));
    const count = (next < 0 ? copies.length : next) - i;
    return count > 1 ? { ...copy, copies: count } : copy;
  });
  return [...layers.filter((layer) => !isCopy(layer)), ...marked];
}

/** Equal for layers that cost the same, and whose layers do. What lives at the peak is a matter of the moment. */
function shapeOf({ own, layers }: Layer): string {
  return JSON.stringify([{ ...own, peak: 0 }, layers.map((layer) => [layer.name, shapeOf(layer)])]);
}

/** A row of a table of layers. */
export interface LayerRow {
  /** How many layers are around it; 1 in none but the model. */
  readonly depth: number;
  /** `dense`; `0 to 11, each` of copies that cost the same, which are one row. */
  readonly name: string;
  readonly costs: Costs;
}

/** The model, its layers, each before those in it, and what is in no layer. */
export function layerRows(model: string, tree: Layer, total: Costs): LayerRow[] {
  const { own } = tree;
  const alone = Object.values(own).some((amount) => amount > 0);
  return [
    { depth: 0, name: model, costs: total },
    ...rowsIn(tree, 1),
    ...(alone ? [{ depth: 1, name: '(in no layer)', costs: own }] : []),
  ];
}

function rowsIn({ layers }: Layer, depth: number): LayerRow[] {
  const rows: LayerRow[] = [];
  let hidden = 0;
  for (const layer of layers) {
    if (hidden-- > 0) continue;
    const { copies = 1 } = layer;
    hidden = copies - 1;
    const name = copies > 1 ? `${layer.name} to ${Number(layer.name) + copies - 1}, each` : layer.name;
    rows.push({ depth, name, costs: layer.total }, ...rowsIn(layer, depth + 1));
  }
  return rows;
}
