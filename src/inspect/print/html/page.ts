// A derivation as a page that works offline: source, derivation and generated code side by side, each term tied to its line and kernel.
import { baseName } from '../../../ir/source.js';
import { scripts } from '../../../embeddedPages.js';
import type { ModelGraph } from '../../../ir/model.js';
import type { Derivation, LegendEntry, Step } from '../../derivation/data.js';
import { linesOf } from '../../derivation/lines.js';
import type { Numbers } from '../../derivation/numbers.js';
import { escaped } from '../markup.js';
import { copyLetter } from '../copies.js';
import { sectionsOf, stepsOf, updatedAlike } from '../sections.js';
import { codeOf, type Code } from './code.js';
import { printLayers, printLeaves, type StepsContext } from './steps.js';
import { style } from './style.js';
import { leavesOf, termsOf } from './terms.js';

export interface PageOptions {
  /** The text of the model's file. */
  readonly source: string;
  /** Also the equations that follow each use of the chain rule. */
  readonly steps?: boolean;
  readonly numbers?: Numbers;
  /** Where the numbers stand: `init`, or a checkpoint. */
  readonly at?: string;
  readonly digits?: number;
  /** The derivation without its source and its code: a page within another, which has those, and is told which lines are pointed at. */
  readonly alone?: boolean;
}

const noCode: Code = { kernels: [], kernelsOf: () => [] };

/** Kernels of more characters in all are folded at first. */
const shownFirst = 8000;

/** The page as one file, which asks for nothing outside it. */
export async function printDerivationPage(
  model: ModelGraph,
  derivation: Derivation,
  options: PageOptions,
): Promise<string> {
  const { source, numbers, at, digits = 4, alone = false } = options;
  const file = baseName(derivation.file);
  const alike = numbers ? new Map<string, readonly string[]>() : updatedAlike(derivation.update);
  const code = alone ? noCode : await codeOf(model, (parameter) => alike.get(parameter) ?? [parameter]);
  const letter = copyLetter(stepsOf(derivation));
  // Copies have numbers of their own.
  const merged = numbers ? undefined : letter;
  const sections = sectionsOf(derivation, merged);
  const leaves = leavesOf(derivation, model, merged);
  const terms = termsOf(
    leaves,
    sections.flatMap(({ layers }) => layers),
  );
  const context: StepsContext = {
    file,
    terms,
    code,
    digits,
    letter,
    each: derivation.each,
    rewrites: options.steps ?? false,
    ...(numbers && { numbers }),
  };
  const given = `<details class="layer given"${leaves.length > 16 ? '' : ' open'}><summary><b>given</b> <small>${leaves.length} inputs and parameters</small></summary>${printLeaves(leaves, ({ node }) => linesOf(node), context)}</details>`;
  const told = [
    given,
    ...sections.map(({ title, layers }) => `<h3>${escaped(title)}</h3>\n${printLayers(layers, context)}`),
    ...legendText(derivation.legend),
  ];
  const middle = pane('derivation', 'Derivation', told.join('\n'));
  if (alone) return pageOf(derivation, at, [middle], 'alone');
  const panes = [
    pane('source', `Source <small>${escaped(file)}</small>`, sourceOf(source, firstTerms(derivation, context))),
    middle,
    pane('code', `Code <small>the kernels of one step, in TypeScript</small>`, kernelsOf(code)),
  ];
  return pageOf(derivation, at, panes);
}

function pageOf(
  { model, of }: Derivation,
  at: string | undefined,
  panes: readonly string[],
  kind: 'whole' | 'alone' = 'whole',
): string {
  const where = at === undefined ? '' : `, numbers at ${escaped(at)}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>${escaped(model)}: the gradient of ${escaped(of)}</title>
<style>${style}</style>
</head>
<body${kind === 'alone' ? ' class="alone"' : ''}>
<header><h1>${escaped(model)} <small>the gradient of ${escaped(of)}${where}</small></h1></header>
<main>
${panes.join('\n')}
</main>
<footer id="told" aria-live="polite">Point at a term${kind === 'alone' ? '' : ', a line or a kernel'}, or go to one by Tab; a click keeps it.</footer>
<script>${scripts.derivation}</script>
</body>
</html>
`;
}

/** What letters and signs mean that no line defines. */
function legendText(legend: readonly LegendEntry[]): string[] {
  if (legend.length === 0) return [];
  const items = legend.map(({ sign, meaning }) => `<dt>${escaped(sign)}</dt><dd>${escaped(meaning)}</dd>`);
  return [`<h3>where</h3>\n<dl>${items.join('')}</dl>`];
}

function pane(name: string, heading: string, content: string): string {
  return `<section id="${name}" tabindex="0" aria-labelledby="head-${name}"><h2 id="head-${name}">${heading}</h2>
${content}
</section>`;
}

/** The first term of each line of the source. */
function firstTerms(derivation: Derivation, { file, terms }: StepsContext): ReadonlyMap<number, number> {
  const found = new Map<number, number>();
  const visit = (steps: readonly Step[]): void => {
    for (const step of steps) {
      const term = terms.ofStep(step);
      for (const { file: of, line } of step.lines)
        if (of === file && term !== undefined && !found.has(line)) found.set(line, term);
      visit(step.loop?.body ?? []);
    }
  };
  visit([...derivation.forward, ...derivation.backward, ...derivation.parameters, ...derivation.update]);
  return found;
}

/** Lines with terms have links to the first of them. */
function sourceOf(text: string, firsts: ReadonlyMap<number, number>): string {
  const lines = text.trimEnd().split('\n');
  const items = lines.map((line, i) => {
    const term = firsts.get(i + 1);
    const number =
      term === undefined ? `<span>${i + 1}</span>` : `<a href="#t${term}" aria-label="line ${i + 1}">${i + 1}</a>`;
    return `<li id="L${i + 1}">${number}<code>${escaped(line)}</code></li>`;
  });
  return `<ol class="lines">${items.join('\n')}</ol>`;
}

function kernelsOf({ kernels }: Code): string {
  const isLong = kernels.reduce((sum, { text }) => sum + text.length, 0) > shownFirst;
  return kernels
    .map(
      ({ kernel, text }, i) =>
        `<details class="kernel" id="k${i}"${isLong ? '' : ' open'}><summary><b>${escaped(kernel.name)}</b> <small>${kernel.provenance.phase}</small></summary><pre><code>${escaped(text)}</code></pre></details>`,
    )
    .join('\n');
}
