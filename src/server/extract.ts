// Extracting a layer: layers that a value goes through become a layer of their own, above the declaration that they stand in.
import type { Fix, Span } from '../diagnostics/diagnostic.js';
import type { Entity } from '../analysis/entities.js';
import type { Expression } from '../parser/tree.js';
import { eachExpression } from '../parser/walk.js';
import type { Page } from './pages.js';

/**
 * `x |> dense(8) |> relu`, selected, becomes `x |> block(…)`. What is selected reads static names and no tensor but the first, so that
 * these become the layer's configuration.
 */
export function extraction(page: Page, from: number, to: number): Fix['edits'] | undefined {
  if (to <= from) return undefined;
  const { file } = page.reading();
  const declaration = file.declarations.find(({ span }) => span.start <= from && to <= span.end);
  if (!declaration || (declaration.kind !== 'model' && declaration.kind !== 'layer')) return undefined;
  const chain = chainAt(page, trimmed(page.text, from, to));
  if (!chain) return undefined;
  const { first, steps, span } = chain;
  const free = namesWithin(page, { ...span, start: first.span.end });
  if (!free || free.length > most) return undefined;
  const name = unusedName(page);
  const configuration = free.map((entity) => entity.name).join(', ');
  const body = steps.map((step) => page.text.slice(step.start, step.end)).join(' |> ');
  const given = free.some((entity) => entity.name === 'x') ? 'value' : 'x';
  // Without anything to configure it is written in one step.
  const configured = free.length > 0 ? `(${configuration})` : '';
  const layer = `layer ${name}${configured}(${given}) = ${given} |> ${body}\n\n`;
  const head = page.text.slice(first.span.start, first.span.end);
  const start = docStart(page, declaration.span.start);
  return [
    { span: { ...span, start, end: start }, text: layer },
    { span, text: `${head} |> ${name}${configured}` },
  ];
}

const most = 8;

interface Chain {
  readonly first: Expression;
  readonly steps: readonly Span[];
  readonly span: Span;
}

function trimmed(text: string, from: number, to: number): { readonly start: number; readonly end: number } {
  const chosen = text.slice(from, to);
  return { start: from + chosen.length - chosen.trimStart().length, end: from + chosen.trimEnd().length };
}

/** The pipe that is selected exactly. */
function chainAt(page: Page, { start, end }: { readonly start: number; readonly end: number }): Chain | undefined {
  let found: Chain | undefined;
  eachExpression(page.reading().file, (expression) => {
    if (found || expression.span.start !== start || expression.span.end !== end) return;
    const steps: Span[] = [];
    let at = expression;
    while (at.kind === 'binary' && at.operator === '|>') {
      steps.unshift(at.right.span);
      at = at.left;
    }
    if (steps.length > 0) found = { first: at, steps, span: expression.span };
  });
  return found;
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
