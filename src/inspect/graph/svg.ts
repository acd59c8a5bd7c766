// A stage as a still picture.
import { printSource } from '../../ir/source.js';
import { escaped } from '../print/markup.js';
import { arrange, type Arranged, type Placed } from './arrange.js';
import type { Item, ItemKind, StageGraph } from './data.js';
import { createLayout, measures, textsOf, type Laid } from './layout.js';
import { openedIn } from './open.js';
import { groupsOf, isGroup, keyOf, type Group } from './tree.js';

/** Boxes that a still picture shows at most, where it can choose. */
const mostShown = 60;

/** Fill and border by what a box is; told apart by border and shape as well as by colour. */
export const colours: Readonly<Record<ItemKind | 'group', readonly [fill: string, border: string]>> = {
  input: ['#dbeafe', '#1d4ed8'],
  trained: ['#dcfce7', '#15803d'],
  frozen: ['#e5e7eb', '#4b5563'],
  state: ['#fef3c7', '#b45309'],
  constant: ['#f3f4f6', '#6b7280'],
  operation: ['#ffffff', '#374151'],
  value: ['#f8fafc', '#64748b'],
  result: ['#ede9fe', '#6d28d9'],
  fault: ['#fee2e2', '#b91c1c'],
  group: ['#fafaf9', '#a8a29e'],
};

/** The stage as SVG 1.1, its groups open while they can be taken in. */
export function printSvg(stage: StageGraph, title: string): string {
  const root = groupsOf(stage);
  const layout = createLayout();
  const groups = new Map<string, Group>();
  const items = new Map<string, Item | Group>();
  const note = (group: Group): void => {
    for (const child of group.children) {
      items.set(keyOf(child), child);
      if (!isGroup(child)) continue;
      groups.set(keyOf(child), child);
      note(child);
    }
  };
  note(root);
  const open = openedIn(stage, root, mostShown);
  const inside = (key: string): Laid | undefined => {
    const group = groups.get(key);
    return group && open.has(group.path) ? layout(group) : undefined;
  };
  const whole = arrange(layout(root), inside, measures.title);
  const types = typesOf(root);
  const body = drawn(whole, 0, 0, items, types);
  const { width, height } = whole;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="ui-sans-serif, system-ui, sans-serif" font-size="12" role="img">`,
    `<title>${escaped(title)}</title>`,
    '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" fill="#6b7280"/></marker></defs>',
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...body,
    '</svg>',
    '',
  ].join('\n');
}

/** The types of every edge, by its ends. */
function typesOf({ edges, children }: Group): Map<string, readonly string[]> {
  const found = new Map(edges.map((edge) => [`${edge.from} ${edge.to}`, edge.types]));
  for (const child of children) if (isGroup(child)) for (const [key, types] of typesOf(child)) found.set(key, types);
  return found;
}

function drawn(
  { boxes, lines }: Arranged,
  x: number,
  y: number,
  items: ReadonlyMap<string, Item | Group>,
  types: ReadonlyMap<string, readonly string[]>,
): string[] {
  const shapes = boxes.flatMap((box) => {
    const child = items.get(box.key);
    return child ? drawnBox(box, child, x, y, items, types) : [];
  });
  const edges = lines.map(({ from, to, points }) => {
    const path = points.map(([px, py], i) => `${i === 0 ? 'M' : 'L'}${number(px + x)} ${number(py + y)}`).join('');
    const label = escaped((types.get(`${from} ${to}`) ?? []).join(', '));
    return `<path d="${path}" fill="none" stroke="#6b7280" marker-end="url(#arrow)"><title>${label}</title></path>`;
  });
  return [...edges, ...shapes];
}

function drawnBox(
  box: Placed,
  child: Item | Group,
  x: number,
  y: number,
  items: ReadonlyMap<string, Item | Group>,
  types: ReadonlyMap<string, readonly string[]>,
): string[] {
  const kind = isGroup(child) ? 'group' : child.kind;
  const [fill, border] = colours[kind];
  const [left, top] = [box.x + x, box.y + y];
  const rounded = kind === 'group' ? 8 : kind === 'operation' || kind === 'value' ? 4 : 12;
  const dashed = kind === 'frozen' || kind === 'constant' || kind === 'value' ? ' stroke-dasharray="4 3"' : '';
  const weight = kind === 'trained' || kind === 'fault' ? 2 : 1;
  const rect = `<rect x="${number(left)}" y="${number(top)}" width="${number(box.width)}" height="${number(box.height)}" rx="${rounded}" fill="${fill}" stroke="${border}" stroke-width="${weight}"${dashed}/>`;
  const hint = `<title>${escaped(hintOf(child))}</title>`;
  if (box.inner) {
    const name = `<text x="${number(left + 10)}" y="${number(top + 17)}" font-weight="600" fill="#44403c">${escaped(textsOf(child)[0])}</text>`;
    return [`<g>${hint}${rect}${name}</g>`, ...drawn(box.inner, left, top + measures.title, items, types)];
  }
  const texts = textsOf(child).map((text, i, all) => {
    const line = top + box.height / 2 + (all.length === 1 ? 4 : i === 0 ? -4 : 13);
    const style = i === 0 ? (all.length > 1 ? ' font-weight="600"' : '') : ' fill="#57534e"';
    return `<text x="${number(left + box.width / 2)}" y="${number(line)}" text-anchor="middle"${style}>${escaped(fitting(text, box.width))}</text>`;
  });
  return [`<g>${hint}${rect}${texts.join('')}</g>`];
}

function hintOf(child: Item | Group): string {
  if (isGroup(child)) return `${child.path}: ${child.size} operations`;
  const { name, label, formula, type, lines } = child;
  const what = formula === undefined ? (name ?? label) : `${name === undefined ? '' : `${name} = `}${formula}`;
  return [`${what}: ${type}`, ...lines.map(printSource)].join('\n');
}

/** As much of a text as a box of this width holds. */
function fitting(text: string, width: number): string {
  const letters = Math.floor((width - 14) / measures.letter);
  const all = [...text];
  return all.length <= letters + 1 ? text : `${all.slice(0, letters - 1).join('')}…`;
}

function number(value: number): string {
  return String(Math.round(value * 10) / 10);
}
