// A stage in the language of Graphviz: its layers are clusters.
import type { Item, ItemKind, StageGraph } from './data.js';
import { textsOf } from './layout.js';
import { colours } from './svg.js';
import { groupsOf, isGroup, type Group } from './tree.js';

/** The stage as a digraph. */
export function printDot(stage: StageGraph, title: string): string {
  const root = groupsOf(stage);
  const known = new Set(stage.items.map(({ id }) => id));
  const edges = stage.items.flatMap(({ id, inputs }) =>
    inputs.flatMap(({ from, type }) =>
      known.has(from) ? [`  ${quoted(from)} -> ${quoted(id)} [label=${quoted(type)}];`] : [],
    ),
  );
  return [
    `digraph ${quoted(title)} {`,
    '  node [shape=box, style=filled, fontname="sans-serif", fontsize=11];',
    '  edge [fontname="sans-serif", fontsize=9];',
    ...inGroup(root, '  '),
    ...edges,
    '}',
    '',
  ].join('\n');
}

function inGroup({ children }: Group, indent: string): string[] {
  return children.flatMap((child) =>
    isGroup(child)
      ? [
          `${indent}subgraph ${quoted(`cluster_${child.path}`)} {`,
          `${indent}  label=${quoted(child.name)};`,
          ...inGroup(child, `${indent}  `),
          `${indent}}`,
        ]
      : [`${indent}${quoted(child.id)} [label=${quoted(textsOf(child).join('\n'))}, ${styleOf(child)}];`],
  );
}

function styleOf({ kind }: Item): string {
  const [fill, border] = colours[kind];
  return `style=${quoted(styles[kind] ?? 'filled')}, fillcolor=${quoted(fill)}, color=${quoted(border)}`;
}

const styles: Readonly<Partial<Record<ItemKind, string>>> = {
  input: 'filled,rounded',
  trained: 'filled,rounded,bold',
  frozen: 'filled,rounded,dashed',
  constant: 'filled,dashed',
  value: 'filled,dashed',
  result: 'filled,rounded',
};

function quoted(text: string): string {
  return `"${text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')}"`;
}
