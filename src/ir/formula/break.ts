// Long formulas in lines, broken where a person would: before the signs of a sum, then before those of a product.
import { mathematical } from './mathematics.js';
import { printFormula, sidesOf, type NotationStyle } from './text.js';
import { binding, operators, seen, type Formula } from './tree.js';

/** The lines of a formula, each of at most so many characters where it can be broken; those after the first are to be set in alike. */
export function breakFormula(formula: Formula, style: NotationStyle, width: number): string[] {
  const whole = printFormula(formula, style);
  if ([...whole].length <= width) return [whole];
  const pieces = piecesOf(seen(formula), style);
  if (pieces.length < 2) return [whole];
  const lines: string[] = [];
  let line = '';
  for (const piece of pieces) {
    const longer = line === '' ? piece : `${line} ${piece}`;
    if (line !== '' && [...longer].length > width) {
      lines.push(line);
      line = piece;
    } else line = longer;
  }
  return [...lines, line];
}

/** The operands of one level, each with the sign before it. */
function piecesOf(of: Formula, style: NotationStyle): string[] {
  const formula = style === 'math' ? mathematical(of) : of;
  if (formula.kind !== 'infix') return [printFormula(formula, style)];
  const { level, ...spelling } = operators[formula.operator];
  const [leftText, rightText] = sidesOf(formula, style);
  const left = seen(formula.left);
  const isSame = left.kind === 'infix' && operators[left.operator].level === level && formula.operator !== 'matrix';
  const first = isSame ? piecesOf(left, style) : [leftText];
  const sign = style === 'math' ? spelling.math : spelling.nn;
  // The factors of a term, so that a long one can be broken too.
  const opens = level === binding.sum && isProduct(formula.right);
  const [head, ...rest] = opens ? piecesOf(seen(formula.right), style) : [rightText];
  return [...first, `${sign} ${head}`.trimStart(), ...rest];
}

function isProduct(formula: Formula): boolean {
  const of = seen(formula);
  return of.kind === 'infix' && operators[of.operator].level === binding.product;
}
