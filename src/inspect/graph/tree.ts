// The layers of a stage as a tree of groups, and the edges between what stands in each.
import type { Item, StageGraph } from './data.js';

/** A box that holds others. */
export interface Group {
  /** The layers down to it, apart by `/`; '' is the whole stage. */
  readonly path: string;
  readonly name: string;
  readonly children: readonly (Item | Group)[];
  /** Between children, by their keys; `types` of all edges that one stands for. */
  readonly edges: readonly GroupEdge[];
  /** How many items stand in it, at any depth. */
  readonly size: number;
}

export interface GroupEdge {
  readonly from: string;
  readonly to: string;
  readonly types: readonly string[];
}

export function isGroup(child: Item | Group): child is Group {
  return 'children' in child;
}

/** What an edge names a child by. */
export function keyOf(child: Item | Group): string {
  return isGroup(child) ? `${child.path}/` : child.id;
}

interface Growing {
  readonly path: string;
  readonly name: string;
  readonly items: Item[];
  readonly groups: Map<string, Growing>;
}

/** The groups of a stage. A layer that holds one box is that box; one that holds one layer is called after both. */
export function groupsOf({ stage, items }: StageGraph): Group {
  const root: Growing = { path: '', name: '', items: [], groups: new Map() };
  for (const item of items) {
    let at = root;
    for (const layer of item.layers) {
      const path = at.path === '' ? layer : `${at.path}/${layer}`;
      const next = at.groups.get(layer) ?? { path, name: layer, items: [], groups: new Map<string, Growing>() };
      at.groups.set(layer, next);
      at = next;
    }
    at.items.push(item);
  }
  const tree = finished(root, root.name, stage === 'fused' ? 1 : 0);
  const whole = 'children' in tree ? tree : { path: '', name: '', children: [tree], size: 1 };
  return withEdges({ ...whole, path: '', name: '' }, items);
}

type Bare = Omit<Group, 'edges' | 'children'> & { readonly children: readonly (Item | Bare)[] };

/** `whole`: how many levels stay groups though they hold one box, as kernels do. */
function finished({ path, items, groups }: Growing, name: string, whole: number): Bare | Item {
  const inner = [...groups.values()].map((group) => finished(group, group.name, path === '' ? whole : 0));
  const children = [...items, ...inner].sort((a, b) => orderOf(a) - orderOf(b));
  const [only, ...others] = children;
  if (path !== '' && others.length === 0 && whole === 0)
    return 'children' in only ? { ...only, name: `${name} · ${only.name}` } : only;
  return { path, name, children, size: children.reduce((n, c) => n + ('children' in c ? c.size : 1), 0) };
}

/** Boxes stand in the order in which they are computed. */
function orderOf(child: Item | Bare): number {
  return 'children' in child
    ? Math.min(...child.children.map(orderOf))
    : Number(child.id.slice(child.id.lastIndexOf('n') + 1));
}

/** Each edge stands in the innermost group that holds both its ends, between the children that they stand in. */
function withEdges(root: Bare, items: readonly Item[]): Group {
  const above = new Map<string, readonly string[]>();
  const note = (bare: Bare, before: readonly string[]): void => {
    for (const child of bare.children) {
      const key = 'children' in child ? `${child.path}/` : child.id;
      above.set(key, [...before, key]);
      if ('children' in child) note(child, [...before, key]);
    }
  };
  note(root, []);
  const edges = new Map<string, Map<string, GroupEdge>>();
  for (const { id, inputs } of items)
    for (const { from, type } of inputs) {
      const [a, b] = [above.get(from), above.get(id)];
      if (!a || !b) continue;
      const depth = a.findIndex((key, i) => key !== b[i]);
      if (depth < 0) continue;
      const [start, end] = [a[depth], b[depth]];
      const where = depth === 0 ? '' : a[depth - 1];
      const known = edges.get(where) ?? new Map<string, GroupEdge>();
      edges.set(where, known);
      const before = known.get(`${start} ${end}`);
      const types = before?.types.includes(type) ? before.types : [...(before?.types ?? []), type];
      known.set(`${start} ${end}`, { from: start, to: end, types });
    }
  const close = (bare: Bare): Group => ({
    ...bare,
    children: bare.children.map((child) => ('children' in child ? close(child) : child)),
    edges: [...(edges.get(bare.path === '' ? '' : `${bare.path}/`)?.values() ?? [])],
  });
  return close(root);
}
