// The columns that a data source names for an input: by number, from the end, by name, in ranges and lists.
import { dataColumnMissing, dataFieldForm, dataMalformed } from '../diagnostics/data.js';
import { Fault } from '../diagnostics/diagnostic.js';
import { counted, shortened } from '../diagnostics/quote.js';
import type { DataField, ModelInput } from '../ir/model.js';
import { printType } from '../ir/types.js';
import { rowLength } from './dataset.js';

/** The columns that an input's field names. */
export type ColumnFinder = (input: string, field: DataField) => number[];

/** Finds the columns of a table, by number or by the names of its header. */
export function columnFinder(file: string, width: number, header: readonly string[] | undefined): ColumnFinder {
  const places = new Map<string, number>();
  const twice = new Set<string>();
  header?.forEach((name, i) => (places.has(name) ? twice.add(name) : places.set(name, i)));
  const missing = (column: string, name?: string): Fault => {
    const first = header?.slice(0, columnsShown).map((each) => `"${shortened(each)}"`);
    const columns = first ?? Array.from({ length: Math.min(width, columnsShown) }, (_, i) => `${i}`);
    const wanted = name === undefined ? undefined : plain(name);
    const near = wanted && header?.slice(0, columnsCompared).find((each) => plain(each) === wanted);
    const help = near === undefined ? {} : { near: `"${shortened(near)}"` };
    return new Fault(dataColumnMissing({ file, column, count: width, columns, ...help }));
  };
  const column = (index: number): number => {
    const at = index < 0 ? width + index : index;
    if (Number.isInteger(at) && at >= 0 && at < width) return at;
    throw missing(`${index}`);
  };
  const columnsOf: ColumnFinder = (input, field) => {
    if (typeof field === 'number') return [column(field)];
    if (typeof field === 'string') {
      const at = places.get(field);
      if (at === undefined) throw missing(`"${shortened(field)}"`, field);
      if (twice.has(field))
        throw new Fault(dataMalformed({ place: file, reason: `two columns are called "${shortened(field)}"` }));
      return [at];
    }
    if (typeof field === 'boolean')
      throw new Fault(
        dataFieldForm({ name: input, source: file, expected: 'a column, a range of columns, or a list of them' }),
      );
    if ('from' in field) {
      const [from, to] = [column(field.from), column(field.to)];
      return Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);
    }
    return field.flatMap((part) => columnsOf(input, part));
  };
  return columnsOf;
}

/** Of very many columns only the first are looked through for a similar name. */
const columnsCompared = 20_000;
const columnsShown = 12;

/** A name without what is easily written otherwise. Long ones are nobody's spelling. */
function plain(name: string): string {
  return name
    .slice(0, 200)
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '');
}

/** Does the field ask for a column by its name? */
export function namesColumn(field: DataField): boolean {
  return typeof field === 'string' || (Array.isArray(field) && field.some(namesColumn));
}

/** Requires as many columns as a row of the input has numbers. */
export function requireCount(source: string, input: ModelInput, found: number): void {
  const expected = rowLength(input);
  if (found === expected) return;
  const form = `${counted(expected, 'column')} for ${printType(input.type)}, and is ${found}`;
  throw new Fault(dataFieldForm({ name: input.name, source, expected: form }));
}
