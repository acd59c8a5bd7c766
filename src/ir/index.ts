// Integer arithmetic over axes and run-time sizes: canonical polynomials, used for shapes, coordinates and addresses.
export {
  add,
  atom,
  axis,
  constant,
  constantOf,
  equal,
  mul,
  one,
  product,
  scale,
  size,
  sub,
  toIndex,
  inOnePiece,
  zero,
  type Atom,
  type Axis,
  type Index,
  type Term,
} from './index/arithmetic.js';
export { div, mod, provablyLess, substitute } from './index/division.js';
export { printIndex } from './index/print.js';
export {
  axesOf,
  coefficient,
  evaluate,
  evaluateSizes,
  rangeOf,
  sizeOfIndex,
  sizesOf,
  strideOf,
  type Range,
} from './index/questions.js';
