// Checks of options: what is not known, or is no such value, is an error that names it.
import { isObject, nameOf } from './checks.js';

/** Options of createTrainer; those that another target takes may be among them. */
export function checkTrainerOptions(options: {
  readonly seed?: number;
  readonly batch?: number;
  readonly threads?: number | 'auto';
  readonly updates?: number;
}): void {
  checkOptions('createTrainer', options, 'seed parameters batch threads device updates');
  checkWhole('seed', options.seed, 0, 2 ** 32 - 1);
  checkWhole('batch', options.batch, 1);
  if (options.threads !== 'auto') checkWhole('threads', options.threads, 1);
  checkWhole('updates', options.updates, 1);
}

/** Options of predict; given to map, it is called with a number behind the inputs. */
export function checkPredictOptions(options: { readonly seed?: number }): void {
  if (typeof options !== 'object') return;
  checkOptions('predict', options, 'seed');
  checkWhole('seed', options.seed, 0, 2 ** 32 - 1);
}

/** Options of save. */
export function checkSaveOptions(options: { readonly optimizer?: boolean; readonly merged?: boolean }): void {
  checkOptions('save', options, 'optimizer merged');
  checkFlag('optimizer', options.optimizer);
  checkFlag('merged', options.merged);
  if (options.optimizer && options.merged)
    throw new TypeError('save: expected optimizer or merged, got both: what is merged has no part in the optimizer');
}

/** An object that has none but the known names, which spaces part. */
export function checkOptions(what: string, given: unknown, known: string): void {
  if (!isObject(given)) throw new TypeError(`${what}: expected an object of options, got ${nameOf(given)}`);
  const names = known.split(' ');
  for (const name of Object.keys(given)) {
    if (names.includes(name)) continue;
    const meant = names.find((other) => editsBetween(name.toLowerCase(), other) <= 2);
    const all = known === '' ? 'it has none' : meant ? `did you mean ${meant}?` : `it has ${names.join(', ')}`;
    throw new TypeError(`${what}: there is no option ${name.slice(0, 80)}: ${all}`);
  }
}

/** How many letters are to be changed, added or left out to make one name of another. */
function editsBetween(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return Infinity;
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++)
      next.push(Math.min(next[j] + 1, row[j + 1] + 1, row[j] + (a[i] === b[j] ? 0 : 1)));
    row = next;
  }
  return row[b.length];
}

/** A whole number in a range, where one is given. */
export function checkWhole(name: string, value: unknown, least: number, most = Number.MAX_SAFE_INTEGER): void {
  if (value === undefined) return;
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return;
  const range = most < Number.MAX_SAFE_INTEGER ? `from ${least} to ${most}` : `of at least ${least}`;
  throw misfit(name, `a whole number ${range}`, value, 'number');
}

/** A scale of learning rates: a number of f32 from 0 up. */
export function checkScale(value: unknown): void {
  if (!(typeof value === 'number' && value >= 0 && Math.fround(value) < Infinity))
    throw misfit('learningRateScale', 'a finite number from 0 up', value, 'number');
}

/** True or false, where one is given. */
export function checkFlag(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'boolean') throw misfit(name, 'true or false', value, 'boolean');
}

/** The error of a value: of its range where it is of the right type. */
export function misfit(name: string, expected: string, value: unknown, type: string): Error {
  const text = `${name}: expected ${expected}, got ${nameOf(value)}`;
  return typeof value === type ? new RangeError(text) : new TypeError(text);
}
