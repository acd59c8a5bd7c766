// The report of runs as one page that works offline: results, curves, which classes are taken for which, and the model's source.
import { scripts } from '../embeddedPages.js';
import { escaped } from './print/markup.js';
import { chartsOf, scatterOf, spreadsOf } from './runCharts.js';
import { rowSections, type RowReport } from './runRows.js';
import { runStyle } from './runStyle.js';
import type { Histogram } from './health/units.js';

/** Values of an epoch, or means of steps. */
export interface Point {
  readonly at: number;
  readonly train: Readonly<Record<string, number>>;
  readonly validation?: Readonly<Record<string, number>>;
}

/** Means of steps, and what was looked at in them. */
export interface StepPoint extends Point {
  readonly learningRate?: number;
  readonly norms?: Readonly<
    Record<string, { readonly weight: number; readonly gradient: number; readonly update: number }>
  >;
  readonly weights?: Readonly<Record<string, Histogram>>;
  readonly layers?: Readonly<
    Record<string, { readonly histogram: Histogram; readonly dead?: number; readonly units?: number }>
  >;
}

/** A warning, and where it stands. */
export interface ReportedWarning {
  readonly code: string;
  readonly epoch: number;
  readonly step: number;
  readonly message: string;
  readonly place: string;
  /** Of the model's own file. */
  readonly line?: number;
  readonly label?: string;
  readonly notes: readonly string[];
  readonly help?: string;
}

export interface ReportedRun {
  readonly name: string;
  /** What stands beside its name, as pairs of a word and a value. */
  readonly facts: readonly (readonly [string, string])[];
  /** One sentence for each thing that a reader wants to know first. */
  readonly findings: readonly string[];
  readonly epochs: readonly Point[];
  readonly steps: readonly StepPoint[];
  readonly warned: readonly ReportedWarning[];
  readonly source: string;
}

/** What is known of a model besides what its run has measured. */
export interface ReportedModel {
  readonly classes?: ClassReport | undefined;
  readonly rows?: RowReport | undefined;
  /** As SVG. */
  readonly picture?: string;
  /** Pairs of a word and a value. */
  readonly cost?: readonly (readonly [string, string])[];
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
export function runReport(runs: readonly ReportedRun[], { classes, rows, picture, cost }: ReportedModel = {}): string {
  const charts = chartsOf(runs);
  const scatter = rows?.points ? [scatterOf(rows.points)] : [];
  const spreads = runs.length === 1 ? spreadsOf(runs[0]) : [];
  const title = runs.length === 1 ? runs[0].name : `${runs.length} runs`;
  const json = (of: unknown): string => JSON.stringify(of).replaceAll('<', '\\u003c');
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
${runs.map((run) => warnings(run, runs.length > 1)).join('')}
<section aria-label="Curves" class="charts">
${charts.map(({ title: of, along }, i) => figure(`chart-${i}`, of, `${of} by ${along}`)).join('\n')}
</section>
${classes ? classTables(classes) : ''}
${scatter.map(({ title: of }, i) => `<section class="charts">${figure(`chart-${charts.length + i}`, of, of)}</section>`).join('')}
${rows ? rowSections(rows) : ''}
${spreads.length > 0 ? `<section><h2>How numbers are spread, step by step</h2><div class="charts narrow">${spreads.map((spread, i) => figure(`spread-${i}`, spread.title, `${spread.title}, from ${spread.low} to ${spread.high}`)).join('')}</div></section>` : ''}
${cost ? `<section><h2>Cost</h2>${pairs(cost)}</section>` : ''}
${runs.map((run) => `<section><h2>${runs.length === 1 ? 'The model' : `The model of ${escaped(run.name)}`}</h2>${listing(run)}</section>`).join('\n')}
${picture === undefined ? '' : `<section><h2>Its picture</h2><div class="wide drawing" tabindex="0" role="region" aria-label="The model as boxes">${picture}</div></section>`}
</main>
<script type="application/json" id="charts">${json([...charts, ...scatter])}</script>
<script type="application/json" id="spreads">${json(spreads)}</script>
<script>${scripts.run}</script>
</body>
</html>
`;
}

function figure(id: string, title: string, label: string): string {
  return `<figure><figcaption>${escaped(title)}</figcaption><div id="${id}" role="img" aria-label="${escaped(label)}"></div></figure>`;
}

/** What was warned of; each at its line in the source below too. */
function warnings({ name, warned }: ReportedRun, several: boolean): string {
  if (warned.length === 0) return '';
  const each = warned.map((w) => {
    const at = w.step === 0 ? 'before the first step' : `in epoch ${w.epoch}, after step ${w.step}`;
    const place =
      w.line === undefined || several ? escaped(w.place) : `<a href="#line-${w.line}">${escaped(w.place)}</a>`;
    const more = [...(w.label === undefined ? [] : [w.label]), ...w.notes].map(escaped).join('; ');
    const help = w.help === undefined ? '' : `<br><b>${escaped(w.help)}</b>`;
    return `<li><code>${escaped(w.code)}</code> ${escaped(w.message)}<br><small>${place}, ${at}: ${more}</small>${help}</li>`;
  });
  const title = several ? `What ${escaped(name)} was warned of` : 'Warnings';
  return `<section class="warned"><h2>${title}</h2><ul>${each.join('')}</ul></section>`;
}

/** The source, with warnings under the lines that they are about. */
function listing({ source, warned }: ReportedRun): string {
  const lines = source
    .replace(/\n$/, '')
    .split('\n')
    .map((text, i) => {
      const here = warned.filter(({ line }) => line === i + 1);
      if (here.length === 0) return escaped(text);
      const said = here.map((w) => `<i>${escaped(`${w.code}: ${w.label ?? w.message}`)}</i>`).join('\n');
      return `<mark id="line-${i + 1}">${escaped(text)}</mark>\n${said}`;
    });
  return `<pre tabindex="0">${lines.join('\n')}</pre>`;
}

function pairs(of: readonly (readonly [string, string])[]): string {
  return `<dl>${of.map(([word, value]) => `<div><dt>${escaped(word)}</dt><dd>${escaped(value)}</dd></div>`).join('')}</dl>`;
}

function introduction({ findings, facts }: ReportedRun): string {
  const told = findings.map((finding) => `<li>${escaped(finding)}</li>`).join('');
  return `<ul class="findings">${told}</ul>\n${pairs(facts)}`;
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
