// The graphs of a model as a page that works offline: stages side by side and in step, laid out when the page is written.
import { baseName, printSource } from '../../ir/source.js';
import { scripts } from '../../embeddedPages.js';
import { escaped } from '../print/markup.js';
import type { Item, ItemKind, ModelPicture, Region, StageGraph, StageName } from './data.js';
import { createLayout, type Laid } from './layout.js';
import { openedIn } from './open.js';
import { colours } from './svg.js';
import { groupsOf, isGroup, keyOf, type Group } from './tree.js';

/** What the page carries, and its script reads. */
export interface PageData {
  readonly model: string;
  /** As lines of boxes name it. */
  readonly file: string;
  readonly stages: readonly PageStage[];
  /** Each form that groups have, once: boxes as x, y, width, height, and lines as numbers of their ends, and points. */
  readonly layouts: readonly PageLayout[];
  /** Of the kernels, by name. */
  readonly regions: Readonly<Record<string, { readonly phase: string; readonly plan: string; readonly work: string }>>;
  /** What boxes can be coloured by. */
  readonly overlays: Readonly<Record<string, Overlay>>;
}

/** From 0 to 1: the share of each kernel, by its name, or how large each box of the gradient is, by its id. */
export interface Overlay {
  readonly of: 'kernels' | 'gradients';
  readonly amounts: Readonly<Record<string, number>>;
}

export interface PageLayout extends Pick<Laid, 'width' | 'height'> {
  readonly boxes: readonly (readonly [number, number, number, number])[];
  readonly lines: readonly (readonly number[])[];
}

export interface PageStage {
  readonly stage: StageName;
  readonly root: PageGroup;
  /** The groups that are open at first. */
  readonly open: readonly string[];
}

export interface PageGroup {
  readonly path: string;
  readonly name: string;
  readonly size: number;
  readonly layout: number;
  /** Of its boxes, in the order of the layout. */
  readonly keys: readonly string[];
  readonly items: readonly PageItem[];
  readonly groups: readonly PageGroup[];
}

export interface PageItem extends Pick<
  Item,
  'id' | 'kind' | 'label' | 'name' | 'type' | 'formula' | 'magnitude' | 'links'
> {
  /** `mnist.nn:9 cross_entropy` */
  readonly lines: readonly string[];
  /** The layers around it, in words. */
  readonly around: string;
  /** Of the fused stage. */
  readonly kernel?: string;
}

/** Boxes of a pane that are shown at first, at most. */
const shownFirst = 30;

const titles: Readonly<Record<StageName, string>> = {
  source: 'as it is written',
  forward: 'simplified',
  backward: 'its gradient',
  fused: 'kernels of a step',
};

/** The page as one file, which asks for nothing outside it. */
export function printGraphPage(picture: ModelPicture): string {
  const { model, file, stages } = picture;
  const data = dataOf(picture);
  const options = Object.keys(data.overlays).map((name) => `<option value="${name}">${name}</option>`);
  // No text in the data may end the script that holds it.
  const json = JSON.stringify(data).replaceAll('<', '\\u003c');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>${escaped(model)}: graphs</title>
<style>${style()}</style>
</head>
<body>
<header>
<h1>${escaped(model)} <small>${escaped(baseName(file))}</small></h1>
<label>Find <input id="search" type="search" autocomplete="off" placeholder="a name, an operation"></label>
<label>Colour by <select id="overlay"><option value="">kind</option>${options.join('')}</select></label>
</header>
<main>
${stages.map(paneOf).join('\n')}
</main>
<aside id="details" aria-live="polite" aria-label="What is chosen"><h2>Choose a box</h2></aside>
<script type="application/json" id="data">${json}</script>
<script>${scripts.graph}</script>
</body>
</html>
`;
}

function paneOf({ stage, items }: StageGraph): string {
  return `<section aria-labelledby="head-${stage}">
<h2 id="head-${stage}">${stage} <small>${titles[stage]}, ${items.length} boxes</small></h2>
<p class="tools"><button type="button" id="zoom-in-${stage}" aria-label="larger: ${stage}">+</button><button type="button" id="zoom-out-${stage}" aria-label="smaller: ${stage}">−</button><button type="button" id="all-${stage}" aria-label="open or close all layers: ${stage}">open or close all</button></p>
<div class="pane" id="pane-${stage}" tabindex="0" role="region" aria-label="${stage}"></div>
</section>`;
}

/** What the page's script reads. */
export function dataOf({ model, file, stages }: ModelPicture): PageData {
  const layouts: PageLayout[] = [];
  const numbers = new Map<string, number>();
  const layout = createLayout();
  const numberOf = (group: Group): { number: number; keys: readonly string[] } => {
    const found = packed(layout(group), group);
    const key = JSON.stringify(found);
    const number = numbers.get(key) ?? layouts.push(found) - 1;
    numbers.set(key, number);
    return { number, keys: group.children.map(keyOf) };
  };
  const pageGroup = (group: Group, stage: StageName): PageGroup => {
    const { number, keys } = numberOf(group);
    return {
      path: group.path,
      name: group.name,
      size: group.size,
      layout: number,
      keys,
      items: group.children.flatMap((child) => (isGroup(child) ? [] : [pageItem(child, stage)])),
      groups: group.children.flatMap((child) => (isGroup(child) ? [pageGroup(child, stage)] : [])),
    };
  };
  const regions = stages.flatMap((stage) => stage.regions);
  return {
    model,
    file: baseName(file),
    stages: stages.map((stage) => {
      const root = groupsOf(stage);
      return { stage: stage.stage, root: pageGroup(root, stage.stage), open: [...openedIn(stage, root, shownFirst)] };
    }),
    layouts,
    regions: Object.fromEntries(
      regions.map((region) => [region.name, { phase: region.phase, plan: region.plan, work: workOf(region) }]),
    ),
    overlays: overlaysOf(stages),
  };
}

function workOf({ flops, bytes, seconds }: Region): string {
  const time = seconds === undefined ? '' : `, ${(seconds * 1e6).toFixed(1)} µs a step on ts`;
  return `${flops.toLocaleString('en')} operations, ${bytes.toLocaleString('en')} bytes${time}`;
}

function overlaysOf(stages: readonly StageGraph[]): Record<string, Overlay> {
  const regions = stages.flatMap((stage) => stage.regions);
  const overlays: Record<string, Overlay> = {};
  for (const [name, of] of [
    ['time', 'seconds'],
    ['operations', 'flops'],
    ['bytes', 'bytes'],
  ] as const) {
    const total = regions.reduce((sum, region) => sum + (region[of] ?? 0), 0);
    if (total === 0) continue;
    const amounts = Object.fromEntries(regions.map((region) => [region.name, (region[of] ?? 0) / total]));
    overlays[name] = { of: 'kernels', amounts };
  }
  const sized = stages.flatMap(({ items }) => items).filter(({ magnitude }) => (magnitude ?? 0) > 0);
  if (sized.length > 0) {
    const most = Math.max(...sized.map(({ magnitude = 0 }) => magnitude));
    // Six powers of ten below the largest have no colour.
    const amount = (magnitude: number): number => Math.max(0, 1 + Math.log10(magnitude / most) / 6);
    const amounts = Object.fromEntries(sized.map(({ id, magnitude = 0 }) => [id, amount(magnitude)]));
    overlays['gradient size'] = { of: 'gradients', amounts };
  }
  return overlays;
}

function packed({ width, height, boxes, lines }: Laid, { children }: Group): PageLayout {
  const at = new Map(children.map((child, i) => [keyOf(child), i]));
  return {
    width,
    height,
    boxes: boxes.map(({ x, y, width: w, height: h }) => [x, y, w, h] as const),
    lines: lines.map(({ from, to, points }) => [at.get(from) ?? 0, at.get(to) ?? 0, ...points.flat()]),
  };
}

function pageItem({ lines, layers, inputs: _inputs, ...item }: Item, stage: StageName): PageItem {
  return {
    ...item,
    lines: lines.map(printSource),
    around: layers.join(' › '),
    ...(stage === 'fused' && layers.length > 0 && { kernel: layers[0] }),
  };
}

/** Colours for light, as still pictures have them, and for dark. */
const dark: Readonly<Record<ItemKind | 'group', readonly [fill: string, border: string]>> = {
  input: ['#172554', '#60a5fa'],
  trained: ['#052e16', '#4ade80'],
  frozen: ['#1f2937', '#9ca3af'],
  state: ['#451a03', '#fbbf24'],
  constant: ['#1c1917', '#a8a29e'],
  operation: ['#262626', '#a3a3a3'],
  value: ['#171717', '#94a3b8'],
  result: ['#2e1065', '#a78bfa'],
  fault: ['#450a0a', '#f87171'],
  group: ['#1a1a1a', '#78716c'],
};

function style(): string {
  const variables = (of: Readonly<Record<string, readonly [string, string]>>): string =>
    Object.entries(of)
      .map(([kind, [fill, border]]) => `--${kind}:${fill};--${kind}-border:${border};`)
      .join('');
  const kinds = Object.keys(colours).map((kind) => `.${kind}>rect{fill:var(--${kind});stroke:var(--${kind}-border)}`);
  return `:root{color-scheme:light dark;--ground:#fff;--ink:#1c1917;--soft:#57534e;--line:#6b7280;--near:#c2410c;--heat:#f97316;--bar:#f5f5f4;${variables(colours)}}
@media (prefers-color-scheme:dark){:root{--ground:#121212;--ink:#f5f5f4;--soft:#c4bfba;--line:#9ca3af;--near:#fb923c;--heat:#9a3412;--bar:#1c1c1c;${variables(dark)}}}
*{box-sizing:border-box}body{margin:0;font:14px/1.4 ui-sans-serif,system-ui,sans-serif;background:var(--ground);color:var(--ink);display:flex;flex-direction:column;height:100vh}
header{display:flex;flex-wrap:wrap;gap:8px 20px;align-items:center;padding:8px 14px;background:var(--bar)}h1{font-size:18px;margin:0 auto 0 0}h2{font-size:14px;margin:0}small{color:var(--soft);font-weight:400}
input,select,button{font:inherit;color:inherit;background:var(--ground);border:1px solid var(--line);border-radius:4px;padding:3px 7px}
main{flex:1;min-height:0;display:flex;gap:1px;overflow-x:auto;background:var(--line)}section{flex:1 0 340px;min-width:0;display:flex;flex-direction:column;background:var(--ground);padding:8px 10px 0}.tools{margin:4px 0;display:flex;gap:4px}.pane{flex:1;min-height:0;overflow:auto}
#details li button{border:0;background:none;padding:0 3px;text-align:left;text-decoration:underline}#details ol{margin:4px 0 0;padding-left:26px;columns:22em;font-variant-numeric:tabular-nums}
aside{padding:8px 14px;min-height:92px;max-height:34vh;overflow:auto;background:var(--bar)}dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 14px;margin:4px 0 0}dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere;font-family:ui-monospace,monospace;font-size:13px}
svg{display:block;height:auto;font-size:12px}svg text{fill:var(--ink);pointer-events:none}.kind{fill:var(--soft)}.name{font-weight:600}.edge{fill:none;stroke:var(--line)}.tip{fill:var(--line)}.edge.near{stroke:var(--near);stroke-width:2}
.box{cursor:pointer}.box>rect{stroke-width:1}.trained>rect,.fault>rect{stroke-width:2}.frozen>rect,.constant>rect,.value>rect{stroke-dasharray:4 3}${kinds.join('')}.box.near>rect{stroke:var(--near);stroke-width:3}.box:focus{outline:none}.box:focus-visible>rect{stroke:var(--near);stroke-width:4}
@media (max-width:700px){body{height:auto}main{flex-direction:column;overflow:visible}section{flex:none}.pane{max-height:75vh}aside{position:sticky;bottom:0}}
@media print{body{height:auto}main{display:block}.pane{overflow:visible}.tools,header label{display:none}svg{max-width:100%}}`;
}
