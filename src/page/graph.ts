// The script of the page that `nnc graph` writes: panes of stages in step. It is bundled into the page, and reads what the page carries.
import type { PageGroup, PageItem } from '../inspect/graph/page.js';
import { draw } from './graph/draw.js';
import { element } from './graph/elements.js';
import { overlay, percent, ranked } from './graph/overlay.js';
import { data, linkedIn, panes, reveal, size, type Chosen, type Pane } from './graph/panes.js';
import { hearAround, tellAround } from './within/around.js';

const search = element('search', HTMLInputElement);
const details = element('details', HTMLElement);

let chosen: Chosen | undefined;
/** The key of the box that has the keyboard. */
let focused: string | undefined;

for (const pane of panes) {
  drawPane(pane);
  // At first a pane shows its whole width, if that can be read.
  const width = Number(pane.svg.dataset.width);
  pane.zoom = Math.min(1, Math.max(0.5, pane.view.clientWidth / width));
  size(pane);
  start(pane);
  listen(pane);
}
overlay.addEventListener('change', () => {
  redraw();
  rank();
});
search.addEventListener('input', find);
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') choose(undefined);
});
hearAround(chooseLines);

/** A pane begins at its uppermost box, or the first of the kernels that take most. */
function start(pane: Pane): void {
  const [most] = ranked(pane);
  const top = [...pane.svg.querySelectorAll('g.box')].sort(
    (a, b) => a.getBoundingClientRect().y - b.getBoundingClientRect().y,
  )[0];
  const key = most ? `${most.group.path}/` : top?.getAttribute('data-key');
  if (key) reveal(pane, key);
}

/** What the overlay shows in numbers: the kernels that take most, each a button that leads to it. */
function rank(): void {
  const pane = panes.find(({ stage }) => stage.stage === 'fused');
  const kernels = pane ? ranked(pane) : [];
  if (!pane || kernels.length === 0) return describe('', []);
  const list = document.createElement('ol');
  for (const { group, part } of kernels.slice(0, 10)) {
    const [entry, button] = [document.createElement('li'), document.createElement('button')];
    button.textContent = `${percent(part)}  ${group.path}`;
    button.addEventListener('click', () => {
      reveal(pane, `${group.path}/`);
      describeGroup(pane, group);
    });
    entry.append(button);
    list.append(entry);
  }
  const heading = document.createElement('h2');
  heading.textContent = `Kernels by ${overlay.selectedOptions[0].text}`;
  details.replaceChildren(heading, list);
  reveal(pane, `${kernels[0].group.path}/`);
}

function drawPane(pane: Pane): void {
  draw(pane, { chosen, focused, act });
}

function redraw(): void {
  for (const pane of panes) drawPane(pane);
}

/** The buttons of a pane. */
function listen(pane: Pane): void {
  const { stage } = pane.stage;
  for (const [name, by] of [
    ['in', 1.25],
    ['out', 0.8],
  ] as const)
    element(`zoom-${name}-${stage}`, HTMLButtonElement).addEventListener('click', () => {
      pane.zoom = Math.min(4, Math.max(0.1, pane.zoom * by));
      size(pane);
    });
  element(`all-${stage}`, HTMLButtonElement).addEventListener('click', () => {
    const closed = [...pane.groups.values()].filter(({ path }) => !pane.open.has(path));
    if (closed.length > 0) for (const { path } of closed) pane.open.add(path);
    else pane.open.clear();
    drawPane(pane);
  });
}

/** What a click does: groups open and close, items are chosen. */
function act(pane: Pane, key: string): void {
  focused = key;
  const group = pane.groups.get(key);
  if (!group) return choose({ stage: pane.stage.stage, id: key });
  if (pane.open.has(group.path)) pane.open.delete(group.path);
  else pane.open.add(group.path);
  drawPane(pane);
  describeGroup(pane, group);
}

function choose(next: Chosen | undefined): void {
  chosen = next;
  if (next) {
    for (const pane of panes) {
      for (const id of linkedIn(pane, next).slice(0, 12))
        for (const path of pane.around.get(id) ?? []) pane.open.add(path);
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
      const [first] = linkedIn(pane, next);
      if (first !== undefined) reveal(pane, first);
    }
  describeItem(item);
  tellAround(linesOf(item));
}

/** The numbers of its lines, of which each is `mnist.nn:9 cross_entropy`. */
function linesOf({ lines }: PageItem): number[] {
  return lines.flatMap((line) =>
    line.startsWith(`${data.file}:`) ? [parseInt(line.slice(data.file.length + 1))] : [],
  );
}

/** The last box of the source that lines make: what the line is about. */
function chooseLines(wanted: readonly number[]): void {
  const [pane] = panes;
  const found = [...pane.items.values()].filter((item) => linesOf(item).some((line) => wanted.includes(line))).at(-1);
  if (!found) return choose(undefined);
  choose({ stage: pane.stage.stage, id: found.id });
  reveal(pane, found.id);
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

function describeGroup(pane: Pane, group: PageGroup): void {
  const kernel = pane.stage.stage === 'fused' ? data.regions[group.path] : undefined;
  describe(
    group.name,
    kernel
      ? [
          ['kernel', group.path],
          ['phase', kernel.phase],
          ['plan', kernel.plan],
          ['work', kernel.work],
        ]
      : [
          ['layer', group.path.replaceAll('/', ' › ')],
          ['operations', String(group.size)],
        ],
  );
}

function describeItem(item: PageItem): void {
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

/** Says under the panes what is chosen; rows without a meaning are left out. */
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
