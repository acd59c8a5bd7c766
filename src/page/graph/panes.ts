// The panes of a page of graphs: one for each stage, with the boxes and groups in it, and what is chosen among them.
import type { Laid } from '../../inspect/graph/layout.js';
import type { PageData, PageGroup, PageItem, PageStage } from '../../inspect/graph/page.js';
import { element, shape } from './elements.js';

export const data = JSON.parse(element('data', HTMLScriptElement).textContent) as PageData;

/** A pane: one stage, with the groups that are open in it. */
export interface Pane {
  readonly stage: PageStage;
  readonly svg: SVGSVGElement;
  readonly view: HTMLElement;
  /** The paths of groups that are open. */
  readonly open: Set<string>;
  readonly items: ReadonlyMap<string, PageItem>;
  readonly groups: ReadonlyMap<string, PageGroup>;
  /** The paths of the groups around each item and group. */
  readonly around: ReadonlyMap<string, readonly string[]>;
  zoom: number;
}

/** A box, by the stage that it stands at. */
export interface Chosen {
  readonly stage: string;
  readonly id: string;
}

function createPane(stage: PageStage): Pane {
  const view = element(`pane-${stage.stage}`, HTMLElement);
  const svg = shape('svg', { role: 'group', 'aria-label': `${stage.stage} of ${data.model}` });
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
  return { stage, svg, view, open: new Set(stage.open), items, groups, around, zoom: 1 };
}

/** The panes, as the page has them. */
export const panes: readonly Pane[] = data.stages.map(createPane);

/** The layout of a group that is open: of one form with others, with the keys of its own boxes. */
export function laid(group: PageGroup): Laid {
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

/** What is chosen, as it is in this pane. */
export function linkedIn(pane: Pane, chosen: Chosen | undefined): readonly string[] {
  if (!chosen) return [];
  if (chosen.stage === pane.stage.stage) return [chosen.id];
  const from = panes.find(({ stage }) => stage.stage === chosen.stage);
  return from?.items.get(chosen.id)?.links[pane.stage.stage] ?? [];
}

/** Does a group hold one of these, however deep? */
export function holdsAny(pane: Pane, group: PageGroup, ids: ReadonlySet<string>): boolean {
  return [...ids].some((id) => pane.around.get(id)?.includes(group.path));
}

/** Makes the picture as large as the pane's zoom says. */
export function size({ svg, zoom }: Pane): void {
  svg.style.width = `${Number(svg.dataset.width) * zoom}px`;
}

/** Scrolls the pane to a box, and nothing else. */
export function reveal({ svg, view }: Pane, id: string): void {
  const box = svg.querySelector(`[data-key="${CSS.escape(id)}"]`)?.getBoundingClientRect();
  if (!box) return;
  const frame = view.getBoundingClientRect();
  view.scrollBy({
    left: box.x + box.width / 2 - frame.x - frame.width / 2,
    top: box.y + box.height / 2 - frame.y - frame.height / 2,
  });
}
