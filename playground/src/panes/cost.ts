// What a step costs: memory, arithmetic and bytes by layer, and kernels by their share of the work.
import type { Costs, KernelRow } from '../compiler/services/costs.js';
import { element } from '../page/elements.js';
import { costCells, costHeads } from '../../../src/inspect/explain/cells.js';
import { bytesText, flopsText } from '../../../src/inspect/explain/units.js';
import type { Mounted, PaneContext } from './registry.js';
import { targetChoice } from './targetChoice.js';
import './panes.css';

export function mount(pane: HTMLElement, { ask, redo, store, light }: PaneContext): Mounted {
  const target = targetChoice({ store, redo });
  const batch = element('input', { type: 'number', min: 1, max: 65536, placeholder: 'as it says', onchange: redo });
  const shown = element('div', { class: 'costs' });
  pane.append(element('div', { class: 'tools' }, target.label, element('label', {}, 'Rows in a step ', batch)), shown);
  return {
    async update({ compiles }, signal) {
      const chosen = target.chosen();
      const rows = batch.checkValidity() && batch.value !== '' ? batch.valueAsNumber : undefined;
      const found = await ask('costs', [compiles, chosen, rows], signal);
      if (found) shown.replaceChildren(...partsOf(found, light));
    },
    destroy: () => undefined,
  };
}

function partsOf(costs: Costs, light: PaneContext['light']): HTMLElement[] {
  const { of, memory, peak } = costs;
  return [
    element('p', { class: 'soft' }, of),
    element('h2', {}, 'Memory ', element('small', {}, `${bytesText(memory.total)} in all`)),
    bar([
      ['parameters', memory.parameters],
      ['optimizer', memory.optimizer],
      ['tensors', memory.tensors],
    ]),
    element('p', { class: 'soft' }, `At the peak, in the kernel ${peak.kernel}, ${bytesText(peak.bytes)} live.`),
    liveTable(costs),
    element('h2', {}, 'Layers'),
    layerTable(costs),
    element('h2', {}, 'Kernels ', element('small', {}, 'by their share of the arithmetic')),
    kernelTable(costs, light),
  ];
}

/** Shares of a whole, beside one another, with their amounts in words below. */
function bar(parts: readonly (readonly [name: string, bytes: number])[]): HTMLElement {
  const there = parts.filter(([, bytes]) => bytes > 0);
  return element(
    'div',
    { class: 'shares' },
    element(
      'div',
      { class: 'bar-of', 'aria-hidden': 'true' },
      ...there.map(([name, bytes]) => element('span', { class: name, style: `flex-grow:${bytes}` })),
    ),
    element('ul', {}, ...there.map(([name, bytes]) => element('li', { class: name }, `${name} ${bytesText(bytes)}`))),
  );
}

type Cell = string | HTMLElement;

function table(caption: string, heads: readonly string[], rows: readonly (readonly Cell[])[]): HTMLElement {
  return element(
    'div',
    { class: 'wide', tabindex: 0, role: 'region', 'aria-label': caption },
    element(
      'table',
      {},
      element('thead', {}, element('tr', {}, ...heads.map((head) => element('th', { scope: 'col' }, head)))),
      element(
        'tbody',
        {},
        ...rows.map(([first, ...cells]) =>
          element('tr', {}, element('th', { scope: 'row' }, first), ...cells.map((cell) => element('td', {}, cell))),
        ),
      ),
    ),
  );
}

const mostLive = 8;

function liveTable({ peak: { buffers } }: Costs): HTMLElement {
  const live = buffers.slice(0, mostLive);
  const rest = buffers.slice(mostLive).reduce((sum, { bytes }) => sum + bytes, 0);
  return table(
    'What lives at the peak',
    ['lives at the peak', 'kind', 'bytes'],
    [
      ...live.map(({ name, kind, bytes }) => [name, kind, bytesText(bytes)]),
      ...(rest > 0 ? [[`${buffers.length - mostLive} others`, '', bytesText(rest)]] : []),
    ],
  );
}

function layerTable({ layers }: Costs): HTMLElement {
  return table(
    'Costs by layer',
    ['layer', ...costHeads],
    layers.map(({ depth, name, costs }) => [
      element('span', { style: `padding-left:${depth * 14}px` }, name),
      ...costCells(costs),
    ]),
  );
}

function kernelTable({ kernels }: Costs, light: PaneContext['light']): HTMLElement {
  return table(
    'Costs by kernel',
    ['kernel', 'share', 'phase', 'FLOP', 'bytes', 'lines', 'fuses'],
    kernels.map((kernel) => [
      element('code', {}, kernel.name),
      shareOf(kernel),
      kernel.calls > 1 ? `${kernel.phase}, ${kernel.calls} calls` : kernel.phase,
      flopsText(kernel.flops) || '0',
      bytesText(kernel.bytes),
      linesOf(kernel, light),
      element('span', { class: 'soft fuses' }, kernel.fuses),
    ]),
  );
}

function shareOf({ share }: KernelRow): HTMLElement {
  const percent = `${(100 * share).toFixed(1)} %`;
  return element(
    'span',
    { class: 'share' },
    element('span', { class: 'filled', style: `width:${Math.max(1, 60 * share)}px`, 'aria-hidden': 'true' }),
    ` ${percent}`,
  );
}

/** Buttons that light the lines of the model. */
function linesOf({ lines, name }: KernelRow, light: PaneContext['light']): HTMLElement | string {
  if (lines.length === 0) return '';
  const words = lines.length > 4 ? `${lines.slice(0, 3).join(', ')}, …` : lines.join(', ');
  return element(
    'button',
    {
      type: 'button',
      class: 'lines',
      'aria-label': `light the lines of ${name}: ${words}`,
      onclick: () => light(lines),
    },
    words,
  );
}
