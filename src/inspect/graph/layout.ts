// Where boxes stand: each group is laid out on its own with its groups closed, groups of one form once; opening one stretches what is around it.
import { Graph, layout as layOut } from '@dagrejs/dagre';
import type { Item } from './data.js';
import { isGroup, keyOf, type Group } from './tree.js';

export interface Box {
  readonly key: string;
  /** Of its upper left corner, in pixels within its group. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Line {
  readonly from: string;
  readonly to: string;
  readonly points: readonly (readonly [number, number])[];
}

/** A group with its groups closed. */
export interface Laid {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly Box[];
  readonly lines: readonly Line[];
}

/** Of boxes, and between the border of a group and what stands in it. */
export const measures = { height: 34, tall: 48, letter: 7.2, least: 64, most: 230, border: 14, title: 24 } as const;

/** How wide a box is whose longest line has so many letters. */
export function widthOf(texts: readonly string[]): number {
  const letters = Math.max(...texts.map((text) => [...text].length));
  return Math.round(Math.min(measures.most, Math.max(measures.least, letters * measures.letter + 20)));
}

/** The lines of text in a box. */
export function textsOf(child: Item | Group): string[] {
  if (isGroup(child)) return [child.name, `${child.size} operations`];
  const { label, name } = child;
  return name === undefined || name === label ? [label] : [name, label];
}

/** Lays out groups; those with the same boxes and edges, whatever they are called, once. */
export function createLayout(): (group: Group) => Laid {
  const known = new Map<string, Laid>();
  return (group) => {
    const { children, edges } = group;
    const numbers = new Map(children.map((child, i) => [keyOf(child), i]));
    const at = (key: string): number => numbers.get(key) ?? 0;
    const sizes = children.map((child) => {
      const texts = textsOf(child);
      return { width: widthOf(texts), height: texts.length > 1 ? measures.tall : measures.height };
    });
    const form = JSON.stringify([sizes, edges.map(({ from, to }) => [at(from), at(to)])]);
    const before = known.get(form);
    const laid =
      before ??
      laidOut(
        sizes,
        edges.map(({ from, to }): [number, number] => [at(from), at(to)]),
      );
    known.set(form, laid);
    const keys = children.map(keyOf);
    return {
      ...laid,
      boxes: laid.boxes.map((box, i) => ({ ...box, key: keys[i] })),
      lines: laid.lines.map((line, i) => ({ ...line, from: edges[i].from, to: edges[i].to })),
    };
  };
}

type Size = Pick<Box, 'width' | 'height'>;

function laidOut(sizes: readonly Size[], edges: readonly (readonly [number, number])[]): Laid {
  const graph = new Graph();
  graph.setGraph({
    rankdir: 'TB',
    nodesep: 18,
    ranksep: 30,
    edgesep: 10,
    marginx: measures.border,
    marginy: measures.border,
  });
  graph.setDefaultEdgeLabel(() => ({}));
  sizes.forEach((size, i) => graph.setNode(String(i), { ...size }));
  for (const [from, to] of edges) graph.setEdge(String(from), String(to));
  layOut(graph);
  const boxes = sizes.map(({ width, height }, i): Box => {
    const { x = 0, y = 0 } = graph.node(String(i));
    return { key: String(i), x: round(x - width / 2), y: round(y - height / 2), width, height };
  });
  const lines = edges.map(([from, to]): Line => {
    const { points = [] }: { points?: readonly { x: number; y: number }[] } = graph.edge(String(from), String(to));
    return { from: String(from), to: String(to), points: points.map(({ x, y }) => [round(x), round(y)] as const) };
  });
  const { width = 0, height = 0 } = graph.graph();
  return { width: Math.ceil(width), height: Math.ceil(height), boxes, lines };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
