// Extracting a layer: layers that a value goes through become a layer of their own, above the declaration that they stand in.
import type { Fix, Span } from '../diagnostics/diagnostic.js';
import type { Entity } from '../analysis/entities.js';
import type { Expression } from '../parser/tree.js';
import { eachExpression } from '../parser/walk.js';
import { allNames } from '../diagnostics/name.js';
import type { Page } from './pages.js';

/**
 * `x |> dense(8) |> relu`, selected with what goes in or without, becomes `x |> block(…)`. What is selected reads static names and no
 * tensor, so that these become the layer's configuration.
 */
export function extraction(page: Page, from: number, to: number): Fix['edits'] | undefined {
  if (to <= from) return undefined;
  const { file } = page.reading();
  const declaration = file.declarations.find(({ span }) => span.start <= from && to <= span.end);
  if (!declaration || (declaration.kind !== 'model' && declaration.kind !== 'layer')) return undefined;
  const steps = stepsAt(page, selected(page.text, from, to));
  if (!steps) return undefined;
  const span = { file: page.file, start: steps[0].start, end: steps[steps.length - 1].end };
  const free = namesWithin(page, span);
  if (!free || free.length > most) return undefined;
  const name = unusedName(page);
  const configuration = free.map((entity) => entity.name).join(', ');
  const { text } = page;
  const isLong = steps.some(({ start, end }) => text.slice(start, end).includes('//'));
  const body = steps.map((step) => text.slice(step.start, step.end)).join(isLong ? '\n  |> ' : ' |> ');
  const said = new Set(allNames(text.slice(span.start, span.end)));
  const given = ['x', 'value'].find((each) => !said.has(each)) ?? 'given';
  // Without anything to configure it is written in one step.
  const configured = free.length > 0 ? `(${configuration})` : '';
  const layer = `layer ${name}${configured}(${given}) = ${given}${isLong ? '\n  ' : ' '}|> ${body}\n\n`;
  const start = docStart(page, declaration.span.start);
  return [
    { span: { ...span, start, end: start }, text: layer },
    { span, text: `${name}${configured}` },
  ];
}

const most = 8;

type Stretch = Pick<Span, 'start' | 'end'>;

function trimmed(text: string, from: number, to: number): Stretch {
  const chosen = text.slice(from, to);
  return { start: from + chosen.length - chosen.trimStart().length, end: from + chosen.trimEnd().length };
}

/** Without the pipe that it begins with. */
function selected(text: string, from: number, to: number): Stretch {
  const { start, end } = trimmed(text, from, to);
  return text.startsWith('|>', start) ? trimmed(text, start + 2, end) : { start, end };
}

/** The steps of a pipe that are selected, one after another, perhaps with what goes into the first. */
function stepsAt(page: Page, { start, end }: Stretch): readonly Stretch[] | undefined {
  let found: readonly Stretch[] | undefined;
  eachExpression(page.reading().file, (expression) => {
    if (found || expression.span.start > start || expression.span.end < end) return;
    const parts = partsOf(expression, page.text);
    const first = parts.findIndex((part) => part.start === start);
    const last = parts.findIndex((part) => part.end === end);
    if (first >= 0 && last >= Math.max(first, 1)) found = parts.slice(Math.max(first, 1), last + 1);
  });
  return found;
}

/** What goes into a pipe and its steps, with the parentheses around them. */
function partsOf(expression: Expression, text: string): readonly Stretch[] {
  const { start, end } = expression.span;
  const operators: Stretch[] = [];
  for (let at = expression; at.kind === 'binary' && at.operator === '|>'; at = at.left) {
    operators.unshift(at.operatorSpan);
    // A pipe in parentheses is one part.
    if (at.left.span.start !== start) break;
  }
  const bounds = [{ start, end: start }, ...operators, { start: end, end }];
  return bounds.slice(1).map((next, i) => trimmed(text, bounds[i].end, next.start));
}

/** The names that must be given: static ones. Undefined where a tensor is read, or something that stays where it is. */
function namesWithin(page: Page, { start, end }: Span): Entity[] | undefined {
  const { names } = page.reading();
  const [own] = names.scopes;
  const free = new Map<string, Entity>();
  for (const { span, entity, name, role } of names.uses) {
    if (span.start < start || span.end > end || role === 'names') continue;
    if (!entity) return undefined;
    const isAbove = entity.span === undefined || entity.span.file !== page.file || own.known(name) === entity;
    if (isAbove || (entity.span && entity.span.start >= start && entity.span.end <= end)) continue;
    const value = entity.span && page.analysis().values.at(entity.span);
    if (value?.kind !== 'number' && value?.kind !== 'boolean' && value?.kind !== 'string') return undefined;
    free.set(name, entity);
  }
  return [...free.values()];
}

function unusedName(page: Page): string {
  const taken = new Set(page.reading().names.uses.map(({ name }) => name));
  for (let count = 1; ; count++) {
    const name = count === 1 ? 'block' : `block_${count}`;
    if (!taken.has(name)) return name;
  }
}

/** Where the comments above a declaration begin. */
function docStart({ lines }: Page, start: number): number {
  let line = lines.lineOf(start);
  while (line > 0 && /^\s*\/\//.test(lines.lineText(line - 1))) line--;
  return lines.startOf(line);
}
