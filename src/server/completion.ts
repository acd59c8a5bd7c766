// Completion: names in scope, arguments by name, settings, and the words that begin statements.
import type { CompletionItem, CompletionItemKind } from 'vscode-languageserver';
import { aName, nameLetters } from '../diagnostics/name.js';
import type { Entity, EntityKind } from '../analysis/entities.js';
import { inScopeEverywhere } from '../analysis/library.js';
import { dataSourceNamed, dataSources } from '../passes/elaborate/builtins.js';
import type { Span } from '../diagnostics/diagnostic.js';
import { forms } from '../parser/forms.js';
import { callAt, codeBefore } from './calls.js';
import { headOf, parameterNames } from './describing.js';
import { importable, pathAt, pathsFrom } from './importing.js';
import type { Page, Pages } from './pages.js';
import { settings } from './settings.js';

export function completion(page: Page, pages: Pages, offset: number): CompletionItem[] {
  const line = page.lines.lineOf(offset);
  const before = page.text.slice(page.lines.startOf(line), offset);
  const path = pathAt(page, offset);
  if (path) return paths(page, pages, path);
  const block = trainBlockAt(page, offset);
  if (block && monitored.test(before))
    return page.visibleAt(offset).flatMap((entity) => (isMonitored(entity) ? [itemOf(entity, '0')] : []));
  if (isInText(before)) return [];
  const imported = importable(page, pages, offset);
  if (imported) return imported.map((entity) => itemOf(entity, '0'));
  const begins = onlyName.test(before);
  const given = argumentsAt(page, offset);
  if (block && (begins || afterBrace.test(before))) {
    const all = settings(block.isNamed).map(settingItem);
    // Of a call above that has no end yet.
    return given.length === 0 ? all : [...given, ...all, ...namesAt(page, offset, ordinary)];
  }
  if (isInType(before)) return [...dimensions(page, offset)];
  const [, setting] = (block && givesSetting.exec(before)) ?? [];
  if (setting === 'data') return sources();
  const names = namesAt(page, offset, afterPipe.test(before) ? callableFirst : suiting(setting));
  return [...(begins ? wordsAt(page, offset) : []), ...given, ...names];
}

function settingItem({ name, doc }: { readonly name: string; readonly doc: string }): CompletionItem {
  return { label: name, kind: kindOf.setting, insertText: `${name} = `, documentation: markdown(doc) };
}

/** Paths that an import may name, each in place of all that stands between the quotes. */
function paths(page: Page, pages: Pages, place: Pick<Span, 'start' | 'end'>): CompletionItem[] {
  const range = page.lines.range(place);
  return pathsFrom(page, pages).map((label) => ({ label, kind: file, textEdit: { range, newText: label } }));
}

/** What rows may come from: nothing else can stand behind `data =`. */
function sources(): CompletionItem[] {
  const names = new Set(dataSources);
  return inScopeEverywhere().flatMap((entity) => (names.has(entity.name) ? [itemOf(entity, '1')] : []));
}

/** Of comments, and of texts in quotes, nothing is known. */
function isInText(before: string): boolean {
  const bare = before.replace(/"(?:[^"\\]|\\.)*"/g, '');
  return bare.includes('//') || bare.includes('"');
}

/** The train block around an offset, read from the text alone: while it is written it may have no end. */
function trainBlockAt(page: Page, offset: number): { readonly isNamed: boolean } | undefined {
  const before = codeBefore(page, offset);
  let depth = 0;
  for (let at = before.length - 1; at >= 0; at--) {
    if (before[at] === '}') depth++;
    if (before[at] !== '{' || depth-- > 0) continue;
    const head = trainHead.exec(before.slice(0, at));
    return head ? { isNamed: head[1] !== undefined } : undefined;
  }
  return undefined;
}

const trainHead = new RegExp(`(?:^|[\\r\\n])[ \\t]*train(?:\\s+(${aName}))?\\s*$`, 'u');

/** The beginning of a setting on the line of its block; what a setting is given; the name of what a run monitors. */
const afterBrace = new RegExp(`\\{\\s*[${nameLetters}]*$`, 'u');
const givesSetting = new RegExp(`^(?:.*\\{)?\\s*(${aName})(?:\\s+"[^"]*")?\\s*=\\s*[${nameLetters}]*$`, 'u');
const monitored = new RegExp(`^\\s*monitor\\s*=\\s*"-?[${nameLetters}]*$`, 'u');

function isMonitored({ kind }: Entity): boolean {
  return kind === 'loss' || kind === 'metric';
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

/** Where a name is to stand in a list of them: those with lesser ranks first. */
type Rank = (entity: Entity, isOwn: boolean) => string;

const ordinary: Rank = (_, isOwn) => (isOwn ? '1' : '2');
const callableFirst: Rank = (entity, isOwn) => (isOwn && !canBeCalled(entity) ? '3' : ordinary(entity, isOwn));

/** What a setting is for stands before all else: optimizers, data sources. */
function suiting(setting: string | undefined): Rank {
  const fits = ({ kind, name }: Entity): boolean =>
    setting === 'optimizer'
      ? kind === 'optimizer'
      : ['data', 'validation', 'test'].includes(setting ?? '') &&
        dataSourceNamed(name) !== undefined &&
        kind === 'builtin';
  return (entity, isOwn) => (fits(entity) ? '0' : ordinary(entity, isOwn));
}

function namesAt(page: Page, offset: number, rank: Rank): CompletionItem[] {
  const own = page.visibleAt(offset);
  const known = new Set(own.map(({ name }) => name));
  const others = inScopeEverywhere().filter(({ name }) => !known.has(name));
  return [
    ...own.map((entity) => itemOf(entity, rank(entity, true))),
    // What the library is made of is nothing to write.
    ...others.flatMap((entity) => (entity.doc?.() === undefined ? [] : [itemOf(entity, rank(entity, false))])),
  ];
}

function canBeCalled({ kind }: Entity): boolean {
  return kind === 'fn' || kind === 'layer' || kind === 'builtin' || kind === 'value';
}

function argumentsAt(page: Page, offset: number): CompletionItem[] {
  const call = callAt(page, offset);
  if (!call || call.name !== undefined) return [];
  // What a data source is asked for: the inputs.
  const isSource = call.entity.kind === 'builtin' && dataSourceNamed(call.entity.name) !== undefined;
  const inputs = isSource ? page.visibleAt(offset).flatMap(({ kind, name }) => (kind === 'input' ? [name] : [])) : [];
  return [...inputs, ...parameterNames(call.entity, call.step)].flatMap((name) =>
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

const [keyword, file]: readonly CompletionItemKind[] = [14, 17];

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
