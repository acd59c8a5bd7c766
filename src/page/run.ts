// The script of a run's report: draws its curves, as wide as there is room, in the colours of the reader's choice.
import UPlot from 'uplot';

interface Curve {
  readonly label: string;
  readonly values: readonly (number | null)[];
  readonly dashed: boolean;
  /** Curves of one run have a colour. */
  readonly colour: number;
}

interface Chart {
  readonly title: string;
  readonly along: string;
  readonly x: readonly number[];
  readonly curves: readonly Curve[];
}

const charts = JSON.parse(document.getElementById('charts')?.textContent ?? '[]') as readonly Chart[];
let drawn: UPlot[] = [];

function draw(): void {
  for (const plot of drawn) plot.destroy();
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  drawn = charts.flatMap((chart, i) => {
    const place = document.getElementById(`chart-${i}`);
    if (!place) return [];
    const axis = {
      stroke: colour('--soft'),
      grid: { stroke: colour('--line'), width: 1 },
      ticks: { stroke: colour('--line'), width: 1 },
    };
    const series = chart.curves.map((curve) => ({
      label: curve.label,
      stroke: colour(`--curve-${curve.colour % 6}`),
      width: 2,
      ...(curve.dashed && { dash: [6, 4] }),
      points: { show: chart.x.length < 40, size: 5 },
      value: (_: UPlot, value: number | null) => (value === null ? '–' : value.toPrecision(4)),
    }));
    const options: UPlot.Options = {
      width: place.clientWidth,
      height: 240,
      scales: { x: { time: false } },
      axes: [
        { ...axis, label: chart.along, labelSize: 18, size: 34 },
        { ...axis, size: 58 },
      ],
      series: [
        { label: chart.along, value: (_: UPlot, value: number | null) => (value === null ? '–' : `${value}`) },
        ...series,
      ],
    };
    const data = [chart.x, ...chart.curves.map(({ values }) => values)] as unknown as UPlot.AlignedData;
    return [new UPlot(options, data, place)];
  });
}

draw();
window.addEventListener('resize', draw);
window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
