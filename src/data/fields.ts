// What a data source says beside its path: what feeds each input, and settings such as the delimiter.
import { dataFieldForm } from '../diagnostics/data.js';
import { Fault } from '../diagnostics/diagnostic.js';
import type { DataField, DataSource, ModelInput } from '../ir/model.js';
import type { Words } from './dataset.js';
import { classesOf } from './words.js';

/** `csv("rows.csv")` */
export function describe(source: DataSource): string {
  return source.path === undefined ? `${source.kind}(…)` : `${source.kind}("${source.path}")`;
}

/** Fields may have any name, those of every object's properties too. */
export function fieldOf({ fields }: DataSource, name: string): DataField | undefined {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

export function wrongField(source: DataSource, name: string, expected: string): Fault {
  return new Fault(dataFieldForm({ name, source: describe(source), expected }));
}

export function pathOf(source: DataSource): string {
  if (source.path !== undefined) return source.path;
  throw wrongField(source, 'its first argument', 'the path of a file');
}

export function fieldText(source: DataSource, name: string, field: DataField, expected: string): string {
  if (typeof field === 'string') return field;
  throw wrongField(source, name, expected);
}

/** A setting, where no input has its name and the source has it; of a form that is checked. */
export function settingOf<T extends DataField>(
  source: DataSource,
  inputs: readonly ModelInput[],
  name: string,
  expected: string,
  fits: (field: DataField) => field is T,
): T | undefined {
  const field = inputs.some((input) => input.name === name) ? undefined : fieldOf(source, name);
  if (field === undefined || fits(field)) return field;
  throw wrongField(source, name, expected);
}

const matching =
  (pattern: RegExp) =>
  (field: DataField): field is string =>
    typeof field === 'string' && pattern.test(field);

/** How cells are read. */
export interface CellSettings {
  readonly delimiter?: string;
  readonly decimal?: '.' | ',';
  readonly missing?: 'drop' | number;
}

/** What a table's source says of its cells. */
export function settingsOf(source: DataSource, inputs: readonly ModelInput[]): CellSettings {
  const delimiter = settingOf(
    source,
    inputs,
    'delimiter',
    'one character, such as ";" or "\\t"',
    matching(/^[\t -!#-~]$/),
  );
  const marks = delimiter === ',' ? /^\.$/ : delimiter === '.' ? /^,$/ : /^[.,]$/;
  const decimal = settingOf(source, inputs, 'decimal', '"." or ",", and not the delimiter', matching(marks));
  const missing = settingOf(
    source,
    inputs,
    'missing',
    'drop, or a number to put there',
    (field): field is number | 'drop' => field === 'drop' || (typeof field === 'number' && Number.isFinite(field)),
  );
  return {
    ...(delimiter !== undefined && { delimiter }),
    ...(decimal !== undefined && { decimal: decimal === ',' ? ',' : '.' }),
    ...(missing !== undefined && { missing }),
  };
}

/** The words that are known: those of data read before, and what `classes` says for inputs of as many classes. */
export function wordsNamed(source: DataSource, inputs: readonly ModelInput[], before: Words): Words {
  const isWords = (field: DataField): field is readonly string[] =>
    Array.isArray(field) && field.every((word) => typeof word === 'string') && new Set(field).size === field.length;
  const classes = settingOf(source, inputs, 'classes', 'a list of different words, as in ["cat", "dog"]', isWords);
  if (!classes) return before;
  const named = inputs.filter((input) => classesOf(input) === classes.length);
  if (named.length > 0) return { ...before, ...Object.fromEntries(named.map(({ name }) => [name, classes])) };
  const counts = inputs.filter((input) => classesOf(input) > 0).map((input) => `${classesOf(input)} for ${input.name}`);
  const expected =
    counts.length === 0 ? 'left out: no input is an index' : `as many words as classes: ${counts.join(', ')}`;
  throw wrongField(source, 'classes', expected);
}
