// Completion: names in scope, arguments by name, settings, and the words that begin statements.
import type { CompletionItem, CompletionItemKind } from 'vscode-languageserver';
import { aName, nameLetters } from '../diagnostics/name.js';
import type { Entity, EntityKind } from '../analysis/entities.js';
import { dataSources, inScopeEverywhere } from '../analysis/library.js';
import { forms } from '../parser/forms.js';
import type { Statement } from '../parser/tree.js';
import { callAt } from './calls.js';
import { headOf, parameterNames } from './describing.js';
import type { Page } from './pages.js';
import { settings } from './settings.js';

export function completion(page: Page, offset: number): CompletionItem[] {
  const line = page.lines.lineOf(offset);
  const before = page.text.slice(page.lines.startOf(line), offset);
  if (isInText(before)) return [];
  const begins = onlyName.test(before);
  const block = trainBlockAt(page, offset);
  if (block && begins)
    return settings(block.name !== undefined).map(({ name, doc }) => ({
      label: name,
      kind: kindOf.setting,
      insertText: `${name} = `,
      documentation: markdown(doc),
    }));
  if (block && /^\s*data\s*=\s*[\p{L}\p{N}\p{M}_]*$/u.test(before)) return sources();
  if (isInType(before)) return [...dimensions(page, offset)];
  const names = namesAt(page, offset, afterPipe.test(before));
  if (begins) return [...wordsAt(page, offset), ...names];
  return [...argumentsAt(page, offset), ...names];
}

/** What rows may come from: nothing else can stand behind `data =`. */
function sources(): CompletionItem[] {
  const names = new Set(dataSources());
  return inScopeEverywhere().flatMap((entity) => (names.has(entity.name) ? [itemOf(entity, '1')] : []));
}

/** Of comments, and of texts in quotes, nothing is known. */
function isInText(before: string): boolean {
  const bare = before.replace(/"(?:[^"\\]|\\.)*"/g, '');
  return bare.includes('//') || bare.includes('"');
}

function trainBlockAt(page: Page, offset: number): Extract<Statement, { kind: 'train' }> | undefined {
  for (const declaration of page.reading().file.declarations) {
    if (declaration.kind !== 'model') continue;
    for (const statement of declaration.body) {
      if (statement.kind !== 'train') continue;
      const open = page.text.indexOf('{', statement.span.start);
      if (open >= 0 && open < offset && offset <= statement.span.end - 1) return statement;
    }
  }
  return undefined;
}

/** A line that has a name alone, or its beginning; one that ends in what a pipe or an initialiser goes on with; one within a type. */
const onlyName = new RegExp(`^\\s*[${nameLetters}]*$`, 'u');
const afterPipe = new RegExp(`(?:\\|>|~)\\s*[${nameLetters}]*$`, 'u');
const inType = new RegExp(
  `^\\s*(?:frozen\\s+)?(?:input|param|state)\\s+${aName}\\s*:\\s*[${nameLetters}()]*\\[[^\\]]*$`,
  'u',
);

/** Between the brackets of a type. */
function isInType(before: string): boolean {
  return inType.test(before);
}

const sizes: ReadonlySet<EntityKind> = new Set<EntityKind>(['dimension', 'parameter', 'constant']);

function dimensions(page: Page, offset: number): CompletionItem[] {
  return page.visibleAt(offset).flatMap((entity) => (sizes.has(entity.kind) ? [itemOf(entity, '0')] : []));
}

function namesAt(page: Page, offset: number, callable: boolean): CompletionItem[] {
  const own = page.visibleAt(offset);
  const known = new Set(own.map(({ name }) => name));
  const others = inScopeEverywhere().filter(({ name }) => !known.has(name));
  const rank = (entity: Entity): string => (callable && !canBeCalled(entity) ? '3' : '1');
  return [
    ...own.map((entity) => itemOf(entity, rank(entity))),
    // What the library is made of is nothing to write.
    ...others.flatMap((entity) => (entity.doc?.() === undefined ? [] : [itemOf(entity, '2')])),
  ];
}

function canBeCalled({ kind }: Entity): boolean {
  return kind === 'fn' || kind === 'layer' || kind === 'builtin' || kind === 'value';
}

function argumentsAt(page: Page, offset: number): CompletionItem[] {
  const call = callAt(page, offset);
  if (!call || call.name !== undefined) return [];
  return parameterNames(call.entity, call.step).flatMap((name) =>
    call.given.includes(name)
      ? []
      : [
          {
            label: `${name} =`,
            filterText: name,
            insertText: `${name} = `,
            kind: kindOf.parameter,
            sortText: `0${name}`,
          },
        ],
  );
}

/** The words that begin what may stand here. */
function wordsAt(page: Page, offset: number): CompletionItem[] {
  const inside = page
    .reading()
    .names.scopes.some(({ span }, i) => i > 0 && span !== undefined && span.start < offset && offset < span.end);
  return forms.flatMap(({ name, place, use, summary }) => {
    const fits = inside ? place === 'body' || place === 'layer' || place === 'optimizer' : place === 'file';
    if (!fits || !/^\w+$/.test(name)) return [];
    return [{ label: name, kind: keyword, detail: use, documentation: markdown(summary), sortText: `0${name}` }];
  });
}

const keyword: CompletionItemKind = 14;

const kindOf: Readonly<Record<EntityKind, CompletionItemKind>> = {
  model: 9,
  fn: 3,
  layer: 7,
  optimizer: 7,
  constant: 21,
  parameter: 6,
  dimension: 12,
  input: 5,
  param: 5,
  state: 5,
  slot: 5,
  value: 6,
  output: 6,
  loss: 6,
  metric: 6,
  slice: 6,
  carried: 6,
  player: 9,
  setting: 10,
  builtin: 3,
};

function itemOf(entity: Entity, rank: string): CompletionItem {
  return { label: entity.name, kind: kindOf[entity.kind], sortText: `${rank}${entity.name}` };
}

/** What is told of an item once it is looked at. */
export function resolved(item: CompletionItem, page: Page | undefined, offset: number): CompletionItem {
  const entity =
    page?.visibleAt(offset).find(({ name }) => name === item.label) ??
    inScopeEverywhere().find(({ name }) => name === item.label);
  if (!entity || item.kind === keyword) return item;
  const doc = entity.doc?.();
  return {
    ...item,
    detail: headOf(entity, page?.analysis()),
    ...(doc !== undefined && { documentation: markdown(doc) }),
  };
}

function markdown(value: string) {
  return { kind: 'markdown' as const, value };
}
