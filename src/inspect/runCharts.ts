// What the page of runs draws: curves of losses and metrics, learning rate, norms by parameter, and how numbers are spread over time.
import type { Histogram } from './health/units.js';
import type { ReportedRun } from './runReport.js';

export interface Curve {
  readonly label: string;
  readonly values: readonly (number | null)[];
  readonly dashed: boolean;
  readonly colour: number;
}

export interface Chart {
  readonly title: string;
  readonly along: string;
  readonly x: readonly number[];
  readonly curves: readonly Curve[];
  /** Powers of ten up the axis. */
  readonly log?: true;
  /** Points that no line joins. */
  readonly points?: true;
  /** What was warned of, and where. */
  readonly marks?: readonly { readonly at: number; readonly label: string }[];
}

/** Histograms of one thing, one after another. */
export interface Spread {
  readonly title: string;
  readonly low: number;
  readonly high: number;
  readonly steps: readonly number[];
  /** Of each step, shares of the largest from 0 to 9, from low to high. */
  readonly shares: readonly string[];
}

/** A chart for each loss and metric by epoch, and those by step. */
export function chartsOf(runs: readonly ReportedRun[]): readonly Chart[] {
  const names = [...new Set(runs.flatMap(({ epochs }) => epochs.flatMap(({ train }) => Object.keys(train))))];
  const byEpoch = names.map((name) => lossChart(runs, name, 'epoch', 'epochs', name));
  if (!runs.some(({ steps }) => steps.length > 1)) return byEpoch;
  const byStep = lossChart(runs, 'loss, by step', 'step', 'steps', 'loss');
  const [only] = runs;
  return [...byEpoch, byStep, ...rateChart(runs), ...(runs.length === 1 ? normCharts(only) : [])];
}

function lossChart(
  runs: readonly ReportedRun[],
  title: string,
  along: string,
  part: 'epochs' | 'steps',
  name: string,
): Chart {
  const several = runs.length > 1;
  const x = placesOf(runs, (run) => run[part]);
  const curves = runs.flatMap((run, colour) =>
    (['train', 'validation'] as const).flatMap((kind): Curve[] => {
      const values = new Map(run[part].map((point) => [point.at, point[kind]?.[name]]));
      if ([...values.values()].every((value) => value === undefined)) return [];
      const label = several ? `${run.name}, ${kind}` : kind;
      const own = several ? colour : kind === 'train' ? 0 : 1;
      return [
        { label, values: x.map((at) => values.get(at) ?? null), dashed: several && kind === 'train', colour: own },
      ];
    }),
  );
  const marks =
    several || name !== 'loss'
      ? []
      : runs[0].warned.map((w) => ({ at: part === 'epochs' ? w.epoch : w.step, label: w.code }));
  return { title, along, x, curves, ...(marks.length > 0 && { marks }) };
}

function placesOf(
  runs: readonly ReportedRun[],
  of: (run: ReportedRun) => readonly { readonly at: number }[],
): readonly number[] {
  return [...new Set(runs.flatMap((run) => of(run).map(({ at }) => at)))].sort((a, b) => a - b);
}

function rateChart(runs: readonly ReportedRun[]): readonly Chart[] {
  const known = (run: ReportedRun) => run.steps.filter(({ learningRate }) => learningRate !== undefined);
  const x = placesOf(runs, known);
  if (x.length < 2) return [];
  const curves = runs.map((run, colour): Curve => {
    const values = new Map(known(run).map(({ at, learningRate }) => [at, learningRate]));
    const label = runs.length > 1 ? run.name : 'learning rate';
    return { label, values: x.map((at) => values.get(at) ?? null), dashed: false, colour };
  });
  return [{ title: 'learning rate', along: 'step', x, curves }];
}

/** So many curves can be told apart. */
const mostCurves = 12;

/** Of those parameters that do not start from zeros: norms of gradients and weights, and what a step changes by the weight. */
function normCharts({ steps }: ReportedRun): readonly Chart[] {
  const known = steps.filter(({ norms }) => norms !== undefined);
  if (known.length < 2) return deadCharts(steps);
  const first = known[0].norms ?? {};
  const names = spread(
    Object.keys(first).filter((name) => first[name].weight > 0),
    mostCurves,
  );
  const x = known.map(({ at }) => at);
  const chart = (
    title: string,
    of: (norms: { weight: number; gradient: number; update: number }) => number,
  ): Chart => ({
    ...{ title, along: 'step', x, log: true },
    curves: names.map((name, i) => ({
      label: name,
      values: known.map(({ norms }) => {
        const value = norms?.[name] && of(norms[name]);
        return value !== undefined && value > 0 && Number.isFinite(value) ? value : null;
      }),
      dashed: i >= 6,
      colour: i % 6,
    })),
  });
  return [
    chart('norm of the gradient, by parameter', ({ gradient }) => gradient),
    chart('size of a step: norm of the update by that of the weight', ({ update, weight }) => update / weight),
    chart('norm of the weights', ({ weight }) => weight),
    ...deadCharts(steps),
  ];
}

/** The share of each layer's units that gave 0 for every row looked at. */
function deadCharts(steps: ReportedRun['steps']): readonly Chart[] {
  const known = steps.filter(({ layers }) => Object.values(layers ?? {}).some(({ units }) => units !== undefined));
  if (known.length === 0) return [];
  const names = Object.entries(known[0].layers ?? {}).flatMap(([name, { units }]) =>
    units === undefined ? [] : [name],
  );
  const curves = spread(names, mostCurves).map((name, i): Curve => {
    const values = known.map(({ layers }) => {
      const { dead, units } = layers?.[name] ?? {};
      return dead === undefined || units === undefined ? null : (100 * dead) / units;
    });
    return { label: name, values, dashed: i >= 6, colour: i % 6 };
  });
  return [{ title: 'units that gave only 0, in percent', along: 'step', x: known.map(({ at }) => at), curves }];
}

function spread<T>(of: readonly T[], most: number): readonly T[] {
  if (of.length <= most) return of;
  return Array.from({ length: most }, (_, i) => of[Math.round((i * (of.length - 1)) / (most - 1))]);
}

/** Predictions by what is true, and the line on which both are equal. */
export function scatterOf(points: readonly (readonly [number, number])[]): Chart {
  const sorted = [...points].sort((a, b) => a[0] - b[0]);
  const x = sorted.map(([wanted]) => wanted);
  return {
    ...{ title: 'predicted, by what is true', along: 'true', x, points: true },
    curves: [
      { label: 'predicted', values: sorted.map(([, got]) => got), dashed: false, colour: 0 },
      { label: 'equal', values: x, dashed: true, colour: 1 },
    ],
  };
}

const mostSpreads = 24;
const rows = 24;

/** Activations, then weights: how their numbers are spread, at one look after another. */
export function spreadsOf({ steps }: ReportedRun): readonly Spread[] {
  const known = steps.filter(({ layers, weights }) => layers ?? weights);
  const named = (kind: string, of: (step: (typeof known)[number]) => Readonly<Record<string, Histogram>>): Spread[] => {
    const names = Object.keys(known.length > 0 ? of(known[0]) : {});
    return spread(names, mostSpreads / 2).flatMap((name) => {
      const found = known.flatMap((step) => (of(step)[name] ? [{ at: step.at, is: of(step)[name] }] : []));
      return found.length > 0 ? [together(`${kind} ${name}`, found)] : [];
    });
  };
  return [
    ...named('activations of', ({ layers = {} }) =>
      Object.fromEntries(Object.entries(layers).map(([name, { histogram }]) => [name, histogram])),
    ),
    ...named('weights', ({ weights = {} }) => weights),
  ];
}

/** Over one range. */
function together(title: string, found: readonly { readonly at: number; readonly is: Histogram }[]): Spread {
  const low = Math.min(...found.map(({ is }) => is.low));
  const high = Math.max(...found.map(({ is }) => is.high));
  const shares = found.map(({ is }) => {
    const counts = Array.from({ length: rows }, () => 0);
    const width = (is.high - is.low) / is.counts.length;
    is.counts.forEach((count, i) => {
      const middle = is.low + (i + 0.5) * width;
      const at = high > low ? Math.min(rows - 1, Math.floor(((middle - low) / (high - low)) * rows)) : 0;
      counts[at] += count;
    });
    const most = Math.max(...counts, 1);
    return counts.map((count) => (count === 0 ? 0 : Math.max(1, Math.round((9 * count) / most)))).join('');
  });
  return { title, low, high, steps: found.map(({ at }) => at), shares };
}
