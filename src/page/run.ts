// The script of a run's report: draws its curves, as wide as there is room, in the colours of the reader's choice, and paints pictures.
import UPlot from 'uplot';
import type { Chart, Spread } from '../inspect/runCharts.js';

const charts = dataOf<readonly Chart[]>('charts');
const spreads = dataOf<readonly Spread[]>('spreads');
let drawn: UPlot[] = [];

function dataOf<T>(id: string): T {
  return JSON.parse(document.getElementById(id)?.textContent ?? '[]') as T;
}

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function draw(): void {
  for (const plot of drawn) plot.destroy();
  drawn = charts.flatMap((chart, i) => {
    const place = document.getElementById(`chart-${i}`);
    if (!place) return [];
    const values = [chart.x, ...chart.curves.map((curve) => curve.values)] as unknown as UPlot.AlignedData;
    return [new UPlot(optionsOf(chart, place.clientWidth), values, place)];
  });
  spreads.forEach((spread, i) => {
    const place = document.getElementById(`spread-${i}`);
    if (place) paintSpread(spread, place);
  });
}

function optionsOf(chart: Chart, width: number): UPlot.Options {
  const axis = {
    stroke: colour('--soft'),
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { stroke: colour('--line'), width: 1 },
  };
  const told = (_: UPlot, value: number | null): string => (value === null ? '–' : `${Number(value.toPrecision(4))}`);
  const series = chart.curves.map((curve, i): UPlot.Series => ({
    label: curve.label,
    stroke: colour(`--curve-${curve.colour % 6}`),
    width: chart.curves.length > 3 ? 1.5 : 2,
    ...(curve.dashed && { dash: [6, 4] }),
    ...(chart.points && i === 0 && { paths: () => null }),
    points: { show: chart.points ? i === 0 : chart.x.length < 40, size: chart.points ? 4 : 5 },
    value: told,
  }));
  return {
    width,
    height: 240,
    scales: { x: { time: false }, ...(chart.log && { y: { distr: 3 } }) },
    axes: [
      { ...axis, label: chart.along, labelSize: 18, size: 34 },
      { ...axis, size: 66, ...(chart.log && { values: powers }) },
    ],
    series: [{ label: chart.along, value: told }, ...series],
    hooks: { draw: [(plot) => mark(plot, chart)] },
  };
}

/** Only powers of ten are written on the axis. */
function powers(_: UPlot, splits: readonly (number | null)[]): string[] {
  return splits.map((value) =>
    value === null ? '' : Number.isInteger(Math.log10(value)) ? value.toExponential(0) : '',
  );
}

/** A line for each thing that was warned of, with its code. */
function mark(plot: UPlot, { marks = [] }: Chart): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = colour('--curve-1');
  ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
  marks.forEach(({ at, label }, i) => {
    const x = Math.min(bbox.left + bbox.width, Math.max(bbox.left, plot.valToPos(at, 'x', true)));
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    const right = x + ctx.measureText(label).width + 8 > bbox.left + bbox.width;
    ctx.textAlign = right ? 'right' : 'left';
    ctx.fillText(label, x + (right ? -4 : 4), bbox.top + (12 + 14 * i) * devicePixelRatio);
  });
  ctx.restore();
}

/** Time goes to the right, values upwards; the more there are, the stronger the colour. */
function paintSpread({ low, high, steps, shares }: Spread, place: HTMLElement): void {
  const rows = shares[0].length;
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [steps.length, rows];
  const context = canvas.getContext('2d');
  if (!context) return;
  context.fillStyle = colour('--curve-0');
  shares.forEach((column, x) => {
    for (let y = 0; y < rows; y++) {
      context.globalAlpha = Number(column[y]) / 9;
      context.fillRect(x, rows - 1 - y, 1, 1);
    }
  });
  const told = document.createElement('small');
  const shown = (value: number): string => `${Number(value.toPrecision(3))}`;
  for (const text of [`${shown(low)} to ${shown(high)}`, `steps ${steps[0]} to ${steps[steps.length - 1]}`]) {
    const part = document.createElement('span');
    part.textContent = text;
    told.append(part);
  }
  place.replaceChildren(canvas, told);
}

function paintPictures(): void {
  for (const canvas of document.querySelectorAll<HTMLCanvasElement>('canvas.picture')) {
    const bytes = atob(canvas.dataset.pixels ?? '');
    const { width, height } = canvas;
    const channels = Number(canvas.dataset.channels);
    const context = canvas.getContext('2d');
    if (!context) continue;
    const image = context.createImageData(width, height);
    for (let i = 0; i < width * height; i++)
      for (let c = 0; c < 4; c++)
        image.data[4 * i + c] = c === 3 ? 255 : bytes.charCodeAt((channels === 3 ? c : 0) * width * height + i);
    context.putImageData(image, 0, 0);
  }
}

draw();
paintPictures();
window.addEventListener('resize', draw);
window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
