// The report of runs as one page that works offline: results, curves, which classes are taken for which, and the model's source.
import { scripts } from '../embeddedPages.js';
import { runStyle } from './runStyle.js';

/** Values of an epoch, or means of steps. */
export interface Point {
  readonly at: number;
  readonly train: Readonly<Record<string, number>>;
  readonly validation?: Readonly<Record<string, number>>;
}

export interface ReportedRun {
  readonly name: string;
  /** What stands beside its name, as pairs of a word and a value. */
  readonly facts: readonly (readonly [string, string])[];
  /** One sentence for each thing that a reader wants to know first. */
  readonly findings: readonly string[];
  readonly epochs: readonly Point[];
  readonly steps: readonly Point[];
  readonly source: string;
}

export interface ClassReport {
  /** Of which rows. */
  readonly said: string;
  readonly classes: readonly string[];
  /** Rows by true class, columns by predicted class. */
  readonly confusion: readonly (readonly number[])[];
  readonly scores: readonly {
    readonly rows: number;
    readonly precision: number;
    readonly recall: number;
    readonly f1: number;
  }[];
}

/** The page of one run, or of several side by side. */
export function runReport(runs: readonly ReportedRun[], classes?: ClassReport): string {
  const charts = chartsOf(runs);
  const title = runs.length === 1 ? runs[0].name : `${runs.length} runs`;
  const json = JSON.stringify(charts).replaceAll('<', '\\u003c');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>${runStyle}</style>
</head>
<body>
<main>
<h1>${escaped(title)}</h1>
${runs.length === 1 ? introduction(runs[0]) : comparison(runs)}
<section aria-label="Curves" class="charts">
${charts.map((chart, i) => `<figure><figcaption>${escaped(chart.title)}</figcaption><div id="chart-${i}" role="img" aria-label="${escaped(`${chart.title} by ${chart.along}`)}"></div></figure>`).join('\n')}
</section>
${classes ? classTables(classes) : ''}
${runs.map((run) => `<section><h2>${runs.length === 1 ? 'The model' : `The model of ${escaped(run.name)}`}</h2><pre tabindex="0">${escaped(run.source)}</pre></section>`).join('\n')}
</main>
<script type="application/json" id="charts">${json}</script>
<script>${scripts.run}</script>
</body>
</html>
`;
}

function introduction({ findings, facts }: ReportedRun): string {
  const told = findings.map((finding) => `<li>${escaped(finding)}</li>`).join('');
  const pairs = facts.map(([word, value]) => `<div><dt>${escaped(word)}</dt><dd>${escaped(value)}</dd></div>`).join('');
  return `<ul class="findings">${told}</ul>\n<dl>${pairs}</dl>`;
}

function comparison(runs: readonly ReportedRun[]): string {
  const words = [...new Set(runs.flatMap(({ facts }) => facts.map(([word]) => word)))];
  const head = ['run', ...words].map((word) => `<th scope="col">${escaped(word)}</th>`).join('');
  const rows = runs.map(({ name, facts }) => {
    const of = new Map(facts);
    return `<tr><th scope="row">${escaped(name)}</th>${words.map((word) => `<td>${escaped(of.get(word) ?? '')}</td>`).join('')}</tr>`;
  });
  return `<div class="wide" tabindex="0" role="region" aria-label="The runs"><table><thead><tr>${head}</tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
}

/** A chart for each loss and metric by epoch, and one of the loss by step. */
function chartsOf(runs: readonly ReportedRun[]) {
  const several = runs.length > 1;
  const names = [...new Set(runs.flatMap(({ epochs }) => epochs.flatMap(({ train }) => Object.keys(train))))];
  const chart = (title: string, along: string, part: 'epochs' | 'steps', name: string) => {
    const x = [...new Set(runs.flatMap((run) => run[part].map(({ at }) => at)))].sort((a, b) => a - b);
    const curves = runs.flatMap((run, colour) =>
      (['train', 'validation'] as const).flatMap((kind) => {
        const values = new Map(run[part].map((point) => [point.at, point[kind]?.[name]]));
        if ([...values.values()].every((value) => value === undefined)) return [];
        const label = several ? `${run.name}, ${kind}` : kind;
        const own = several ? colour : kind === 'train' ? 0 : 1;
        return [
          { label, values: x.map((at) => values.get(at) ?? null), dashed: several && kind === 'train', colour: own },
        ];
      }),
    );
    return { title, along, x, curves };
  };
  const byEpoch = names.map((name) => chart(name, 'epoch', 'epochs', name));
  const byStep = runs.some(({ steps }) => steps.length > 1) ? [chart('loss, by step', 'step', 'steps', 'loss')] : [];
  return [...byEpoch, ...byStep];
}

function classTables({ said, classes, confusion, scores }: ClassReport): string {
  const percent = (share: number): string => (Number.isNaN(share) ? '–' : `${(100 * share).toFixed(1)}%`);
  const head = (words: readonly string[]): string =>
    words.map((word) => `<th scope="col">${escaped(word)}</th>`).join('');
  const scored = classes.map((name, i) => {
    const { rows, precision, recall, f1 } = scores[i];
    const cells = [`${rows}`, percent(precision), percent(recall), percent(f1)].map((cell) => `<td>${cell}</td>`);
    return `<tr><th scope="row">${escaped(name)}</th>${cells.join('')}</tr>`;
  });
  const matrix = confusion.map((row, i) => {
    const all = row.reduce((a, b) => a + b, 0);
    const cells = row.map((count, j) => {
      const share = all > 0 ? Math.round((100 * count) / all) : 0;
      const kind = i === j ? 'right' : 'wrong';
      return `<td class="${kind}" style="--share:${share}%">${count === 0 ? '·' : count}</td>`;
    });
    return `<tr><th scope="row">${escaped(classes[i])}</th>${cells.join('')}</tr>`;
  });
  const table = (label: string, words: readonly string[], rows: readonly string[]): string =>
    `<div class="wide" tabindex="0" role="region" aria-label="${label}"><table><thead><tr>${head(words)}</tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
  return `<section><h2>Classes, ${escaped(said)}</h2>
${table('Scores by class', ['class', 'rows', 'precision', 'recall', 'F1'], scored)}
<p>Rows of each true class, by what is predicted:</p>
${table('Confusion matrix', ['true', ...classes], matrix)}</section>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
