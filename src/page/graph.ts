// The script of the page that `nnc graph` writes: panes of stages in step. It is bundled into the page, and reads what the page carries.
import { arrange, type Arranged } from '../inspect/graph/arrange.js';
import type { PageData, PageGroup, PageItem, PageStage } from '../inspect/graph/page.js';
import type { Laid } from '../inspect/graph/layout.js';

const svgNamespace = 'http://www.w3.org/2000/svg';
const headHeight = 24;

const data = JSON.parse(element('data', HTMLScriptElement).textContent) as PageData;
const overlay = element('overlay', HTMLSelectElement);
const search = element('search', HTMLInputElement);
const details = element('details', HTMLElement);

/** A pane: one stage, with the groups that are open in it. */
interface Pane {
  readonly stage: PageStage;
  readonly svg: SVGSVGElement;
  readonly view: HTMLElement;
  readonly open: Set<string>;
  readonly items: ReadonlyMap<string, PageItem>;
  readonly groups: ReadonlyMap<string, PageGroup>;
  /** The paths of the groups around each item and group. */
  readonly around: ReadonlyMap<string, readonly string[]>;
  zoom: number;
}

const panes = data.stages.map(createPane);
let chosen: { readonly stage: string; readonly id: string } | undefined;

for (const pane of panes) {
  draw(pane);
  // At first a pane shows its whole width, if that can be read.
  const width = Number(pane.svg.dataset.width);
  pane.zoom = Math.min(1, Math.max(0.5, pane.view.clientWidth / width));
  size(pane);
  pane.view.scrollLeft = (width * pane.zoom - pane.view.clientWidth) / 2;
}
overlay.addEventListener('change', redraw);
search.addEventListener('input', find);
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') choose(undefined);
});

function createPane(stage: PageStage): Pane {
  const view = element(`pane-${stage.stage}`, HTMLElement);
  const svg = document.createElementNS(svgNamespace, 'svg');
  svg.setAttribute('role', 'group');
  svg.setAttribute('aria-label', `${stage.stage} of ${data.model}`);
  view.append(svg);
  const groups = new Map<string, PageGroup>();
  const items = new Map<string, PageItem>();
  const around = new Map<string, readonly string[]>();
  const note = (group: PageGroup, above: readonly string[]): void => {
    for (const item of group.items) {
      items.set(item.id, item);
      around.set(item.id, above);
    }
    for (const inner of group.groups) {
      groups.set(`${inner.path}/`, inner);
      around.set(`${inner.path}/`, above);
      note(inner, [...above, inner.path]);
    }
  };
  note(stage.root, []);
  const pane: Pane = { stage, svg, view, open: new Set(stage.open), items, groups, around, zoom: 1 };
  for (const [name, by] of [
    ['in', 1.25],
    ['out', 0.8],
  ] as const)
    element(`zoom-${name}-${stage.stage}`, HTMLButtonElement).addEventListener('click', () => {
      pane.zoom = Math.min(4, Math.max(0.1, pane.zoom * by));
      size(pane);
    });
  element(`all-${stage.stage}`, HTMLButtonElement).addEventListener('click', () => {
    const closed = [...pane.groups.values()].filter(({ path }) => !pane.open.has(path));
    if (closed.length > 0) for (const { path } of closed) pane.open.add(path);
    else pane.open.clear();
    draw(pane);
  });
  return pane;
}

/** The layout of a group that is open: of one form with others, with the keys of its own boxes. */
function laid(group: PageGroup): Laid {
  const { boxes, lines, width, height } = data.layouts[group.layout];
  const keys = group.keys;
  return {
    width,
    height,
    boxes: boxes.map(([x, y, w, h], i) => ({ key: keys[i], x, y, width: w, height: h })),
    lines: lines.map(([from, to, ...at]) => ({
      from: keys[from],
      to: keys[to],
      points: at.flatMap((x, i) => (i % 2 === 0 ? [[x, at[i + 1]] as const] : [])),
    })),
  };
}

let focused: string | undefined;

function draw(pane: Pane): void {
  const inside = (key: string): Laid | undefined => {
    const group = pane.groups.get(key);
    return group && pane.open.has(group.path) ? laid(group) : undefined;
  };
  const whole = arrange(laid(pane.stage.root), inside, headHeight);
  pane.svg.replaceChildren(marker(pane));
  pane.svg.setAttribute('viewBox', `0 0 ${whole.width} ${whole.height}`);
  pane.svg.dataset.width = String(whole.width);
  size(pane);
  place(pane, whole, 0, 0);
  if (focused !== undefined) pane.svg.querySelector<SVGElement>(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}

function redraw(): void {
  for (const pane of panes) draw(pane);
}

function size({ svg, zoom }: Pane): void {
  svg.style.width = `${Number(svg.dataset.width) * zoom}px`;
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

function place(pane: Pane, { boxes, lines }: Arranged, x: number, y: number): void {
  const near = chosen?.stage === pane.stage.stage ? chosen.id : undefined;
  for (const { from, to, points } of lines) {
    const d = points.map(([px, py], i) => `${i === 0 ? 'M' : 'L'}${(px + x).toFixed(1)} ${(py + y).toFixed(1)}`);
    const line = shape('path', {
      d: d.join(''),
      class: near !== undefined && (from === near || to === near) ? 'edge near' : 'edge',
      'marker-end': `url(#arrow-${pane.stage.stage})`,
    });
    const type = pane.items.get(from)?.type;
    if (type !== undefined) line.append(title(type));
    pane.svg.append(line);
  }
  const linked = new Set(linkedIn(pane));
  for (const box of boxes) {
    const [left, top] = [box.x + x, box.y + y];
    const item = pane.items.get(box.key);
    const group = pane.groups.get(box.key);
    const isNear = box.key === near || linked.has(box.key) || (group && !box.inner && holdsAny(pane, group, linked));
    const kind = item?.kind ?? 'group';
    const g = shape('g', {
      class: `box ${kind}${isNear ? ' near' : ''}${box.inner ? ' open' : ''}`,
      tabindex: '0',
      role: 'button',
      'data-key': box.key,
      ...(group && { 'aria-expanded': String(box.inner !== undefined) }),
    });
    const rect = shape('rect', {
      x: left,
      y: top,
      width: box.width,
      height: box.height,
      rx: kind === 'group' ? 8 : kind === 'operation' || kind === 'value' ? 4 : 12,
    });
    const heat = share(pane, item, group);
    if (heat !== undefined && !box.inner)
      rect.style.fill = `color-mix(in oklab, var(--heat) ${(100 * heat).toFixed(1)}%, var(--ground))`;
    g.append(title(item ? hint(item) : `${group?.path ?? ''}: ${group?.size ?? 0} operations`), rect);
    const texts = item
      ? textsOf(item)
      : [group?.name ?? '', heat === undefined ? `${group?.size ?? 0} operations` : percent(heat)];
    if (box.inner) g.append(text(left + 10, top + 17, texts[0], 'name', 'start', box.width));
    else
      texts.forEach((line, i) => {
        const middle = top + box.height / 2 + (texts.length === 1 ? 4 : i === 0 ? -4 : 13);
        g.append(
          text(left + box.width / 2, middle, line, i === 0 && texts.length > 1 ? 'name' : 'kind', 'middle', box.width),
        );
      });
    const act = (): void => {
      focused = box.key;
      if (group) {
        if (pane.open.has(group.path)) pane.open.delete(group.path);
        else pane.open.add(group.path);
        chooseGroup(pane, group);
      } else choose({ stage: pane.stage.stage, id: box.key });
    };
    g.addEventListener('click', (event) => {
      event.stopPropagation();
      act();
    });
    g.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' && event.key !== ' ') return;
      event.preventDefault();
      act();
    });
    pane.svg.append(g);
    if (box.inner) place(pane, box.inner, left, top + headHeight);
  }
}

function textsOf({ label, name }: PageItem): string[] {
  return name === undefined || name === label ? [label] : [name, label];
}

function hint({ name, label, formula, type }: PageItem): string {
  const what = formula === undefined ? (name ?? label) : `${name === undefined ? '' : `${name} = `}${formula}`;
  return `${what}: ${type}`;
}

function holdsAny(pane: Pane, group: PageGroup, ids: ReadonlySet<string>): boolean {
  return [...ids].some((id) => pane.around.get(id)?.includes(group.path));
}

/** What is chosen, as it is in this pane. */
function linkedIn(pane: Pane): readonly string[] {
  if (!chosen) return [];
  if (chosen.stage === pane.stage.stage) return [chosen.id];
  const from = panes.find(({ stage }) => stage.stage === chosen?.stage);
  return from?.items.get(chosen.id)?.links[pane.stage.stage] ?? [];
}

/** How strongly the overlay colours a box: of an item, by the most of what it is at the stage that the overlay is about. */
function share(pane: Pane, item: PageItem | undefined, group: PageGroup | undefined): number | undefined {
  const found = data.overlays[overlay.value];
  if (!found) return undefined;
  const { of, amounts } = found;
  const names = of === 'kernels' ? kernelsOf(pane, item, group) : item ? gradientsOf(pane, item) : [];
  const known = names.flatMap((name) => amounts[name] ?? []);
  return known.length === 0 ? undefined : Math.max(...known);
}

function kernelsOf(pane: Pane, item: PageItem | undefined, group: PageGroup | undefined): readonly string[] {
  if (pane.stage.stage === 'fused') return [group?.path ?? item?.kernel].filter((name) => name !== undefined);
  return (item?.links.fused ?? []).map((id) => id.slice(0, id.lastIndexOf('/')));
}

function gradientsOf(pane: Pane, item: PageItem): readonly string[] {
  return pane.stage.stage === 'backward' ? [item.id] : (item.links.backward ?? []);
}

function percent(part: number): string {
  return `${(100 * part).toFixed(part < 0.1 ? 1 : 0)} %`;
}

function chooseGroup(pane: Pane, group: PageGroup): void {
  draw(pane);
  const kernel = data.regions[group.path];
  const rows: [string, string][] = [
    ['layer', group.path.replaceAll('/', ' › ')],
    ['operations', String(group.size)],
  ];
  if (pane.stage.stage === 'fused' && kernel)
    rows.splice(0, 2, ['kernel', group.path], ['phase', kernel.phase], ['plan', kernel.plan], ['work', kernel.work]);
  describe(group.name, rows);
}

function choose(next: typeof chosen): void {
  chosen = next;
  if (next) {
    for (const pane of panes) {
      for (const id of linkedIn(pane).slice(0, 12)) for (const path of pane.around.get(id) ?? []) pane.open.add(path);
      if (pane.stage.stage !== next.stage) focused = undefined;
    }
    focused = next.id;
  }
  redraw();
  if (!next) return describe('', []);
  const own = panes.find(({ stage }) => stage.stage === next.stage);
  const item = own?.items.get(next.id);
  if (!item) return;
  for (const pane of panes)
    if (pane !== own) {
      const [first] = linkedIn(pane);
      if (first !== undefined) reveal(pane, first);
    }
  const counts = Object.entries(item.links).map(([stage, ids]) => `${stage}: ${ids.length}`);
  describe(item.name ?? item.label, [
    ['formula', item.formula ?? item.label],
    ['type', item.type],
    ['size of its elements', item.magnitude === undefined ? '' : item.magnitude.toPrecision(4)],
    ['source', item.lines.join(', ')],
    ['layer', item.around],
    ['in other stages', counts.join(', ')],
  ]);
}

/** Scrolls the pane to a box, and nothing else. */
function reveal({ svg, view }: Pane, id: string): void {
  const box = svg.querySelector(`[data-key="${CSS.escape(id)}"]`)?.getBoundingClientRect();
  if (!box) return;
  const frame = view.getBoundingClientRect();
  view.scrollBy({
    left: box.x + box.width / 2 - frame.x - frame.width / 2,
    top: box.y + box.height / 2 - frame.y - frame.height / 2,
  });
}

function describe(head: string, rows: readonly (readonly [string, string])[]): void {
  const list = document.createElement('dl');
  for (const [name, value] of rows) {
    if (value === '') continue;
    const [term, meaning] = [document.createElement('dt'), document.createElement('dd')];
    term.textContent = name;
    meaning.textContent = value;
    list.append(term, meaning);
  }
  const heading = document.createElement('h2');
  heading.textContent = head === '' ? 'Choose a box' : head;
  details.replaceChildren(heading, ...(rows.length > 0 ? [list] : []));
}

/** The first box whose name or operation holds what is asked for, else the first in such a layer. */
function find(): void {
  const wanted = search.value.trim().toLowerCase();
  if (wanted === '') return choose(undefined);
  const all = panes.flatMap((pane) => [...pane.items.values()].map((item) => ({ pane, item })));
  const holds = (words: string): boolean => words.toLowerCase().includes(wanted);
  const found =
    all.find(({ item: { name = '', label } }) => holds(`${name} ${label}`)) ??
    all.find(({ item }) => holds(item.around));
  if (!found) return describe(`nothing is called ${search.value}`, []);
  choose({ stage: found.pane.stage.stage, id: found.item.id });
  reveal(found.pane, found.item.id);
  search.focus();
}

function text(x: number, y: number, content: string, kind: string, anchor: string, width: number): SVGElement {
  const line = shape('text', { x, y, class: kind, 'text-anchor': anchor });
  const letters = Math.floor((width - 14) / 7.2);
  const all = [...content];
  line.textContent = all.length <= letters + 1 ? content : `${all.slice(0, letters - 1).join('')}…`;
  return line;
}

function title(content: string): SVGElement {
  const made = shape('title', {});
  made.textContent = content;
  return made;
}

function shape(name: string, attributes: Readonly<Record<string, string | number>>): SVGElement {
  const made = document.createElementNS(svgNamespace, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}

function element<T extends HTMLElement>(id: string, of: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof of)) throw new Error(`the page has no ${id}`);
  return found;
}
