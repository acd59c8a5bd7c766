// Results that are put together of parts side by side: a store for each part, so that no element asks which part it is in.
import { add, axesOf, axis, coefficient, constantOf, sub, toIndex, type Axis, type Index } from '../../ir/index.js';
import { specialise, specialiseIndex } from '../../ir/nest/specialise.js';
import type { Store } from '../../ir/program.js';
import type { Scalar } from '../../ir/scalar.js';
import { mapScalar, visitScalar } from '../../ir/walk.js';
import type { NestDraft } from './nests.js';

/** More parts are not written out, nor shorter ones. */
const [mostPieces, shortest] = [8, 4];

/**
 * The nest with a store for each of a few equally long parts of an axis, where its value chooses by comparing that with numbers; itself
 * where it does not. `signed`: is 0 + x kept, which differs from x where that is -0?
 */
export function inPieces(draft: NestDraft, signed: boolean): NestDraft {
  const { nest, nodes, host } = draft;
  const [store, ...others] = nest.stores;
  if (host || others.length > 0 || store.value.folds) return draft;
  for (const whole of nest.axes) {
    const length = pieceOf(store.value, whole);
    const extent = constantOf(whole.extent);
    if (length === undefined || extent === undefined) continue;
    const part = axis(whole.name, length);
    const stores = Array.from({ length: extent / length }, (_, i): Store => {
      const here = add(toIndex(part), i * length);
      const replace = (atom: { readonly kind: string }): Index | undefined => (atom === whole ? here : undefined);
      const value = specialise(store.value, replace);
      return { to: store.to, at: specialiseIndex(store.at, replace), value: signed ? value : withoutZeros(value) };
    });
    return {
      ...draft,
      nest: { ...nest, axes: nest.axes.map((a) => (a === whole ? part : a)), stores },
      nodes: stores.map(() => nodes[0]),
    };
  }
  return draft;
}

/** The longest length of equal parts of the axis within which every comparison of it with numbers has one answer. */
function pieceOf(value: Scalar, whole: Axis): number | undefined {
  const extent = constantOf(whole.extent);
  if (extent === undefined) return undefined;
  const ends = new Set<number>();
  visitScalar(value, (part) => {
    if (part.kind !== 'apply' || (part.op !== 'lt' && part.op !== 'le')) return;
    const [left, right] = part.args.map(indexOf);
    const difference = left && right && sub(left, right);
    const step = difference && [...axesOf(difference)].length === 1 && coefficient(difference, whole);
    const direction = step && constantOf(step);
    if (!difference || (direction !== 1 && direction !== -1)) return;
    const first = constantOf(sub(difference, direction === 1 ? toIndex(whole) : sub(0, toIndex(whole))));
    if (first === undefined) return;
    // Where axis + first < 0, or first - axis < 0, begins to be false, or true; `le` one further on, or before.
    const end = direction === 1 ? -first + (part.op === 'le' ? 1 : 0) : first + (part.op === 'le' ? 0 : 1);
    if (end > 0 && end < extent) ends.add(end);
  });
  const length = [...ends].reduce(greatestDivisor, extent);
  return ends.size > 0 && length >= shortest && extent / length <= mostPieces ? length : undefined;
}

function indexOf(value: Scalar): Index | undefined {
  if (value.kind === 'index') return value.of;
  return value.kind === 'number' && value.type === 'i32' ? toIndex(value.value) : undefined;
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

/** x + 0 is x, but for the sign of a zero: for what is derived. */
export function withoutZeros(value: Scalar): Scalar {
  const isZero = (part: Scalar): boolean => part.kind === 'number' && part.value === 0;
  const mapped = mapScalar(value, withoutZeros, (address) => address);
  if (mapped.kind !== 'apply' || mapped.op !== 'add' || mapped.type !== 'f32') return mapped;
  const [a, b] = mapped.args;
  return isZero(a) ? b : isZero(b) ? a : mapped;
}
