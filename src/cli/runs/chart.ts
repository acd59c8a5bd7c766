// The curve of a run as a chart of characters, for the end of a run on a terminal.
import asciichart from 'asciichart';
import { formatNumber } from '../progress.js';
import type { EpochRecord } from './metrics.js';

const height = 8;

/** The loss by epoch, as wide as there is room: of the validation too, where there is one. Nothing where two points are not there. */
export function chartLines(epochs: readonly EpochRecord[], columns: number, colour: boolean): readonly string[] {
  const width = Math.min(72, columns - 14);
  const curves = [
    { name: 'loss', values: epochs.map(({ train }) => train.loss), colour: asciichart.cyan },
    {
      name: 'validation loss',
      values: epochs.map(({ validation }) => validation?.loss ?? NaN),
      colour: asciichart.yellow,
    },
  ].filter(({ values }) => values.length > 1 && values.every(Number.isFinite));
  if (curves.length === 0 || width < 10) return [];
  const series = curves.map(({ values }) => stretched(values, width));
  const all = series.flat();
  // A curve that does not move has no height to be drawn in.
  if (Math.min(...all) === Math.max(...all)) return [];
  const format = (value: number): string => formatNumber(value).padStart(10);
  const colours = colour ? { colors: curves.map((curve) => curve.colour) } : {};
  const legend = curves
    .map((curve) => (colour ? `${curve.colour}${curve.name}${asciichart.reset}` : curve.name))
    .join(', ');
  return [
    `${' '.repeat(12)}${legend}, by epoch`,
    ...asciichart.plot(series, { height, format, ...colours }).split('\n'),
  ];
}

/** So many points: of each stretch the mean, or each point again. */
function stretched(values: readonly number[], width: number): number[] {
  return Array.from({ length: width }, (_, i) => {
    const from = Math.floor((i * values.length) / width);
    const part = values.slice(from, Math.max(from + 1, Math.floor(((i + 1) * values.length) / width)));
    return part.reduce((sum, value) => sum + value, 0) / part.length;
  });
}
