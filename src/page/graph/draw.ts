// The picture in a pane: its boxes, groups and edges as they lie when some groups are open.
import { arrange, type Arranged, type Placed } from '../../inspect/graph/arrange.js';
import type { Laid } from '../../inspect/graph/layout.js';
import type { PageGroup, PageItem } from '../../inspect/graph/page.js';
import { shape, text, title } from './elements.js';
import { percent, share, warmth } from './overlay.js';
import { holdsAny, laid, linkedIn, size, type Chosen, type Pane } from './panes.js';

const headHeight = 24;

/** What a picture shows beside the graph, and what a click or a key on a box does. */
export interface Shown {
  readonly chosen?: Chosen;
  /** The key of the box that has the keyboard. */
  readonly focused?: string;
  readonly act: (pane: Pane, key: string) => void;
}

/** Draws a pane anew. */
export function draw(pane: Pane, shown: Shown): void {
  const inside = (key: string): Laid | undefined => {
    const group = pane.groups.get(key);
    return group && pane.open.has(group.path) ? laid(group) : undefined;
  };
  const whole = arrange(laid(pane.stage.root), inside, headHeight);
  pane.svg.replaceChildren(marker(pane));
  pane.svg.setAttribute('viewBox', `0 0 ${whole.width} ${whole.height}`);
  pane.svg.dataset.width = String(whole.width);
  size(pane);
  place(pane, shown, whole, 0, 0);
  const { focused } = shown;
  if (focused !== undefined) pane.svg.querySelector<SVGElement>(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}

function marker({ stage }: Pane): SVGElement {
  const defs = shape('defs', {});
  const arrow = shape('marker', {
    id: `arrow-${stage.stage}`,
    viewBox: '0 0 8 8',
    refX: '7',
    refY: '4',
    markerWidth: '7',
    markerHeight: '7',
    orient: 'auto',
  });
  arrow.append(shape('path', { d: 'M0 0 8 4 0 8z', class: 'tip' }));
  defs.append(arrow);
  return defs;
}

/** What lies in one group, edges below boxes; within open ones, what lies in them. */
function place(pane: Pane, shown: Shown, { boxes, lines }: Arranged, x: number, y: number): void {
  const { chosen } = shown;
  const near = chosen?.stage === pane.stage.stage ? chosen.id : undefined;
  for (const line of lines) pane.svg.append(edge(pane, line, x, y, near));
  const linked = new Set(linkedIn(pane, chosen));
  for (const box of boxes) {
    const group = pane.groups.get(box.key);
    const isNear = box.key === near || linked.has(box.key) || (group && !box.inner && holdsAny(pane, group, linked));
    const g = boxOf(pane, { ...box, x: box.x + x, y: box.y + y }, isNear === true);
    g.addEventListener('click', (event) => {
      event.stopPropagation();
      shown.act(pane, box.key);
    });
    g.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' && event.key !== ' ') return;
      event.preventDefault();
      shown.act(pane, box.key);
    });
    pane.svg.append(g);
    if (box.inner) place(pane, shown, box.inner, box.x + x, box.y + y + headHeight);
  }
}

function edge(
  pane: Pane,
  { from, to, points }: Arranged['lines'][number],
  x: number,
  y: number,
  near: string | undefined,
): SVGElement {
  const d = points.map(([px, py], i) => `${i === 0 ? 'M' : 'L'}${(px + x).toFixed(1)} ${(py + y).toFixed(1)}`);
  const line = shape('path', {
    d: d.join(''),
    class: near !== undefined && (from === near || to === near) ? 'edge near' : 'edge',
    'marker-end': `url(#arrow-${pane.stage.stage})`,
  });
  const type = pane.items.get(from)?.type;
  if (type !== undefined) line.append(title(type));
  return line;
}

/** A box with its words, coloured by the overlay. */
function boxOf(pane: Pane, box: Placed, isNear: boolean): SVGElement {
  const item = pane.items.get(box.key);
  const group = pane.groups.get(box.key);
  const kind = item?.kind ?? 'group';
  const g = shape('g', {
    class: `box ${kind}${isNear ? ' near' : ''}${box.inner ? ' open' : ''}`,
    tabindex: '0',
    role: 'button',
    'data-key': box.key,
    ...(group && { 'aria-expanded': String(box.inner !== undefined) }),
  });
  const rect = shape('rect', {
    x: box.x,
    y: box.y,
    width: box.width,
    height: box.height,
    rx: kind === 'group' ? 8 : kind === 'operation' || kind === 'value' ? 4 : 12,
  });
  const heat = share(pane, item, group);
  if (heat !== undefined && !box.inner)
    rect.style.fill = `color-mix(in oklab, var(--heat) ${(100 * warmth(heat)).toFixed(1)}%, var(--ground))`;
  g.append(title(item ? hint(item) : `${group?.path ?? ''}: ${group?.size ?? 0} operations`), rect);
  g.append(...wordsOf(box, item, group, heat));
  return g;
}

function wordsOf(
  { x, y, width, height, inner }: Placed,
  item: PageItem | undefined,
  group: PageGroup | undefined,
  heat: number | undefined,
): SVGElement[] {
  const [first, ...rest] = item
    ? textsOf(item)
    : [group?.name ?? '', heat === undefined ? `${group?.size ?? 0} operations` : percent(heat)];
  if (inner) return [text(x + 10, y + 17, first, 'name', 'start', width)];
  const middle = y + height / 2;
  if (rest.length === 0) return [text(x + width / 2, middle + 4, first, 'kind', 'middle', width)];
  return [
    text(x + width / 2, middle - 4, first, 'name', 'middle', width),
    ...rest.map((line) => text(x + width / 2, middle + 13, line, 'kind', 'middle', width)),
  ];
}

function textsOf({ label, name }: PageItem): string[] {
  return name === undefined || name === label ? [label] : [name, label];
}

function hint({ name, label, formula, type }: PageItem): string {
  const what = formula === undefined ? (name ?? label) : `${name === undefined ? '' : `${name} = `}${formula}`;
  return `${what}: ${type}`;
}
