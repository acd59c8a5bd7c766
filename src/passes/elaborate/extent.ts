// How large a tensor may be: what is beyond is a slip, and coordinates of 32 bits could not tell its elements apart.
import { tooManyAxes, tooManyElements } from '../../diagnostics/types.js';
import type { Span } from '../../diagnostics/diagnostic.js';
import { evaluateSizes, type Index } from '../../ir/index.js';
import { printType, type TensorType } from '../../ir/types.js';
import { fail, type Frame } from './frame.js';

/** Of one tensor: as NumPy had it for long, and nobody missed more. */
const mostAxes = 32;

/** Of one tensor, its run-time sizes counted as 1. Coordinates are integers of 32 bits. */
const mostElements = 2 ** 31 - 1;

const checked = new WeakSet<TensorType['shape']>();

/** Refuses a tensor that has too many axes, or more elements than can be counted. */
export function checkExtent(frame: Frame, { shape, element }: TensorType, span: Span): void {
  if (checked.has(shape)) return;
  if (shape.length > mostAxes) return fail(frame, tooManyAxes({ got: shape.length, most: mostAxes, span }));
  const elements = shape.reduce((count, { size }) => count * leastOf(size), 1);
  if (elements > mostElements)
    return fail(frame, tooManyElements({ type: printType({ element, shape }), elements, most: mostElements, span }));
  checked.add(shape);
}

function leastOf(size: Index): number {
  const least = evaluateSizes(size, () => 1);
  return Number.isFinite(least) ? Math.max(least, 1) : 1;
}
