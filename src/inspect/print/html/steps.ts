// The derivation as a list of a page: formulas as MathML, where they stand in the source, and the rules that led to them.
import { printFormula } from '../../../ir/formula/text.js';
import type { Formula } from '../../../ir/formula/tree.js';
import { printDim, printType } from '../../../ir/types.js';
import { isCotangent, relationOf, type CotangentStep, type Step } from '../../derivation/data.js';
import type { SourceLine } from '../../../ir/source.js';
import type { Numbers, Tensor } from '../../derivation/numbers.js';
import { escaped } from '../markup.js';
import { mathmlSetter } from '../mathml.js';
import { termsOf as termsOfSum, typeset, type Typesetter } from '../typeset.js';
import type { Code } from './code.js';
import type { End, Layer, Line } from '../copies.js';
import { listOf } from '../paragraphs.js';
import { same, settingWithin } from '../rename.js';
import { formulasOf, type Leaf, type Terms } from './terms.js';
import { printSlopes, printValues } from './values.js';

export interface StepsContext {
  /** The model's file, without its folder: lines of others are no links. */
  readonly file: string;
  readonly terms: Terms;
  readonly code: Code;
  readonly numbers?: Numbers;
  readonly digits: number;
  /** The number of a copy of a layer. */
  readonly letter: string;
  /** What stands for each parameter. */
  readonly each: string;
  /** The equations that follow a use of the chain rule. */
  readonly rewrites: boolean;
}

/** Longer sums, as characters of plain mathematics, may be broken before the signs of their terms. */
const widest = 40;

/** Layers after one another; those with a title fold. */
export function printLayers(layers: readonly Layer[], context: StepsContext): string {
  return layers.map((layer) => printLayer(layer, context)).join('\n');
}

function printLayer({ title, copies, ends, each, lines }: Layer, context: StepsContext): string {
  const list = `<ol>${lines.map((line) => printLine(line, context)).join('\n')}</ol>`;
  if (each) return `<p class="where">for each parameter ${context.each} of ${escaped(listOf(each))}</p>${list}`;
  if (title === undefined) return list;
  const [first, last] = [copies[0], copies.at(-1)];
  const often = copies.length > 1 ? `, ${copies.length} copies: ${context.letter} = ${first} … ${last}` : '';
  const count = `${lines.length} lines`;
  return `<details class="layer" open><summary><b>${escaped(title)}</b> <small>${count}${often}</small></summary>${endsText(ends)}${list}</details>`;
}

/** What values of copies are called outside. */
function endsText(ends: readonly End[]): string {
  if (ends.length === 0) return '';
  const by = settingWithin(mathmlSetter(), same);
  const each = ends.map(
    ({ inside, outside }) => `<math>${by.variable(inside)}<mo>=</mo>${by.variable(outside)}</math>`,
  );
  return `<p class="where">${each.join(', ')}</p>`;
}

function printLine(line: Line, context: StepsContext): string {
  const { step, steps, only, rename } = line;
  const by = setterOf(line, context);
  const note = only === undefined ? '' : `<span class="only">${context.letter} = ${only}</span> `;
  const kernels = [...new Set(steps.flatMap((each) => context.code.kernelsOf(each)))];
  if (step.loop) return loopItem(line, context, by, note);
  const arrow = relationOf(step);
  const value = context.numbers?.valuesOf(step);
  const parts = [
    `<div class="said">${equation(step.left, step.formula, arrow, by, setterOf(line))}</div>`,
    `<p class="where">${note}${whereOf(step, kernels, context)}</p>`,
    ...(value ? [valuesOf(rename(step.name), value, context)] : []),
    ...(value && isCotangent(step) ? slopesText(step, value, context) : []),
    ...(isCotangent(step) && step.uses.length > 0 ? [chainOf(step, by, context)] : []),
  ];
  // A wide formula scrolls, by keyboard as well: where no link in it takes the focus, the line does.
  const focus = kernels.length === 0 && step.lines.length === 0 ? ' tabindex="0"' : '';
  return `<li${attributesOf(line, kernels, context)}${focus}>${parts.join('')}</li>`;
}

function loopItem(line: Line, context: StepsContext, by: Typesetter, note: string): string {
  const { step, rename } = line;
  const { loop } = step;
  if (!loop) return '';
  const starts = loop.starts.map((each) => equation(each.left, each.formula, '=', by, by)).join(', ');
  const body = loop.body.map((inner, i) => {
    const steps = line.steps.flatMap((each) => each.loop?.body[i] ?? []);
    return printLine({ step: inner, steps, rename }, context);
  });
  return `<li${attributesOf(line, [], context)}><div class="said">${starts === '' ? '' : `${starts}; `}${math(step.formula, by)}</div><p class="where">${note}${printDim(loop.length)} rounds</p><ol>${body.join('\n')}</ol></li>`;
}

/** What the script of the page reads: the terms that it comes from, lines of the source, kernels. */
function attributesOf(
  { step, steps, rename }: Line,
  kernels: readonly number[],
  { terms, file }: StepsContext,
): string {
  const own = terms.ofStep(step);
  const from = terms.amongst(steps.flatMap(formulasOf)).filter((number) => number !== own);
  const lines = step.lines.filter((line) => line.file === file).map(({ line }) => line);
  const name = rename(printFormula(step.left, 'math'));
  return `${linkAttributes(own ?? 0, from, lines, kernels)} data-name="${escaped(name)}"`;
}

function linkAttributes(
  own: number,
  from: readonly number[],
  lines: readonly number[],
  kernels: readonly number[],
): string {
  const list = (name: string, of: readonly number[]): string =>
    of.length === 0 ? '' : ` data-${name}="${of.join(' ')}"`;
  return ` id="t${own}"${list('from', from)}${list('lines', lines)}${list('kernels', kernels)}`;
}

function whereOf({ type, lines }: Step, kernels: readonly number[], { file, code }: StepsContext): string {
  const links = kernels.map((k) => `<a href="#k${k}" class="kernel">${escaped(code.kernels[k].kernel.name)}</a>`);
  return [`<code>${escaped(printType(type))}</code>`, ...lines.map((line) => lineLink(line, file)), ...links].join(' ');
}

function lineLink({ file, line, call }: SourceLine, own: string): string {
  const words = call === undefined ? '' : ` ${escaped(call)}`;
  if (file !== own) return `<span>${escaped(file)}:${line}${words}</span>`;
  return `<a href="#L${line}">line ${line}${words}</a>`;
}

/** The inputs and parameters that the derivation starts from. */
export function printLeaves(
  leaves: readonly Leaf[],
  lineOf: (leaf: Leaf) => readonly SourceLine[],
  context: StepsContext,
): string {
  const values = new Map((context.numbers?.given ?? []).map(({ name, value }) => [name, value]));
  const items = leaves.map((leaf, i) => {
    const lines = lineOf(leaf);
    const value = values.get(leaf.name);
    const own = lines.filter((line) => line.file === context.file).map(({ line }) => line);
    const links = lines.map((line) => lineLink(line, context.file)).join(' ');
    const name = `<math>${mathmlSetter().variable(leaf.name)}</math>`;
    return `<li${linkAttributes(i, [], own, [])} data-name="${escaped(leaf.name)}"><div class="said">${name}</div><p class="where"><code>${escaped(printType(leaf.node.type))}</code> ${links}</p>${value ? valuesOf(leaf.name, value, context) : ''}</li>`;
  });
  return `<ol>${items.join('\n')}</ol>`;
}

function valuesOf(name: string, value: Tensor, { digits }: StepsContext): string {
  return printValues(name, value, digits);
}

/** Only parameters have such. */
function slopesText(step: CotangentStep, { shape }: Tensor, { numbers, digits }: StepsContext): string[] {
  const slopes = numbers?.slopesOf(step) ?? [];
  return slopes.length === 0 ? [] : [printSlopes(slopes, shape, digits)];
}

/** What flows where from by which rule, and the equations. */
function chainOf({ uses, rewrites }: CotangentStep, by: Typesetter, context: StepsContext): string {
  const rows = uses.flatMap(({ rule, upstream, local, part }) => [
    ...(rule === '' ? [] : [`<dt>rule</dt><dd><code>${escaped(rule)}</code></dd>`]),
    `<dt>upstream</dt><dd>${math(upstream, by)}</dd>`,
    ...(local ? [`<dt>local</dt><dd>${math(local, by)}</dd>`] : []),
    `<dt>step</dt><dd>${math(part, by)}</dd>`,
  ]);
  const equations = context.rewrites
    ? rewrites.map(
        ({ equation: name, from, to }) =>
          `<dt>by <code>${escaped(name)}</code></dt><dd>${math(from, by)} → ${math(to, by)}</dd>`,
      )
    : [];
  return `<details class="rule"><summary>chain rule</summary><dl>${[...rows, ...equations].join('')}</dl></details>`;
}

/** With `context` the names in a formula are marked as the terms that they are. */
function setterOf({ rename }: Line, context?: StepsContext): Typesetter {
  const attributes = (formula: Formula): string => {
    const term = formula.kind === 'name' ? context?.terms.ofTitle(formula.title) : undefined;
    return term === undefined ? '' : ` data-t="${term}"`;
  };
  return settingWithin(mathmlSetter(attributes), rename);
}

function math(formula: Formula, by: Typesetter): string {
  return `<math>${typeset(formula, by)}</math>`;
}

/** Parts between which a line may be broken are formulas of their own. */
function equation(left: Formula, formula: Formula, arrow: string, by: Typesetter, leftBy: Typesetter): string {
  const isLong = [...printFormula(formula, 'math')].length > widest;
  const [first, ...rest] = isLong ? termsOfSum(formula, by) : [typeset(formula, by)];
  const head = `<mrow class="left">${typeset(left, leftBy)}</mrow><mo>${arrow}</mo>`;
  // The sign at the head of a part stands between what is before it and what follows.
  const others = rest.map((each) => `<math displaystyle="true">${each.replace('<mo>', '<mo form="infix">')}</math>`);
  return [`<math displaystyle="true">${head}${first}</math>`, ...others].join(' ');
}
