// The loss as it falls, and the first metric beside it: drawn by uPlot, which is loaded when training begins.
import type UPlot from 'uplot';
import { languageIsKnown } from '../page/locale.js';
import { colourOf, onTheme } from '../page/colours.js';
import { element } from '../page/elements.js';
import type { History } from './history.js';

export interface Curve {
  readonly element: HTMLElement;
  /** Draws what has come since. */
  show(history: History): void;
  destroy(): void;
}

const [height, fewSteps] = [220, 20];

export function curve(): Curve {
  const place = element('div', { class: 'curve', role: 'img', 'aria-label': 'The loss, step by step' });
  let plot: UPlot | undefined;
  let [last, drawnReports]: [History | undefined, readonly string[]] = [undefined, []];
  let isLoading = false;
  let isGone = false;

  const show = (history: History): void => {
    last = history;
    if (plot && drawnReports === history.reports) plot.setData(dataOf(history));
    else if (history.reports.length > 0 && !isLoading) void begin();
    else if (plot && history.steps.length === 0) clear();
    place.setAttribute('aria-label', described(history));
  };
  const clear = (): void => {
    plot?.destroy();
    plot = undefined;
  };
  const begin = async (): Promise<void> => {
    isLoading = true;
    const Plot = await loaded();
    if (!Plot) return;
    isLoading = false;
    clear();
    if (!last || isGone || place.clientWidth === 0) return;
    drawnReports = last.reports;
    plot = new Plot(optionsOf(last, place.clientWidth), dataOf(last), place);
  };
  const again = (): void => {
    if (plot && last) void begin();
  };
  const watch = new ResizeObserver(() => {
    if (plot) plot.setSize({ width: place.clientWidth, height });
    else if (last) show(last);
  });
  watch.observe(place);
  const forget = onTheme(again);
  return {
    element: place,
    show,
    destroy() {
      isGone = true;
      watch.disconnect();
      forget();
      clear();
    },
  };
}

/** Absent where it cannot be loaded, without a network: the numbers above it, and its name, tell the same. */
async function loaded(): Promise<typeof UPlot | undefined> {
  languageIsKnown();
  try {
    const [{ default: Plot }] = await Promise.all([import('uplot'), import('uplot/dist/uPlot.min.css')]);
    return Plot;
  } catch {
    return undefined;
  }
}

function dataOf({ steps, values }: History): UPlot.AlignedData {
  // What is not finite leaves a gap.
  return [
    steps,
    ...values.map((of) => of.map((value) => (Number.isFinite(value) ? value : null))),
  ] as UPlot.AlignedData;
}

function optionsOf({ reports }: History, width: number): UPlot.Options {
  const css = (name: string): string => `rgb(${colourOf(name).join(' ')})`;
  const axis = {
    stroke: css('--soft'),
    font: '12px system-ui, sans-serif',
    grid: { stroke: css('--line'), width: 0.5 },
    ticks: { show: false },
  };
  const told = (_: UPlot, value: number | null): string =>
    value === null ? '–' : String(Number(value.toPrecision(4)));
  return {
    width,
    height,
    cursor: { y: false },
    scales: { x: { time: false }, share: { range: (_, low, high) => (low >= 0 && high <= 1 ? [0, 1] : [low, high]) } },
    axes: [
      { ...axis, size: 28 },
      { ...axis, size: 48 },
      ...(reports.length > 1 ? [{ ...axis, side: 1 as const, scale: 'share', size: 40, grid: { show: false } }] : []),
    ],
    series: [
      { label: 'step', value: (_, value) => (value === null ? '–' : String(value)) },
      ...reports.map((label, i): UPlot.Series => ({
        label,
        // The loss first, by the axis on the left; what else is reported is drawn thinner, by the one on the right.
        ...(i > 0 && { scale: 'share' }),
        stroke: css(`--class-${i}`),
        width: i === 0 ? 2 : 1.25,
        value: told,
        // The first steps are no line yet.
        points: { show: ({ data: [of] }) => of.length <= fewSteps, size: 5 },
      })),
    ],
  };
}

function described({ reports, steps, values }: History): string {
  const step = steps.at(-1);
  if (step === undefined) return 'No step has been made yet';
  const told = reports.map((name, i) => `${name} ${Number((values[i].at(-1) ?? NaN).toPrecision(3))}`);
  return `At step ${step}: ${told.join(', ')}`;
}
