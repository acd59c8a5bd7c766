// Long formulas in lines, broken where a person would: before the signs of a sum, then before those of a product.
import { mathematical } from './mathematics.js';
import { printFormula, sidesOf, type NotationStyle } from './text.js';
import { binding, operators, seen, type Formula } from './tree.js';

/** The lines of a formula, each of at most so many characters where it can be broken; those after the first are to be set in alike. */
export function breakFormula(formula: Formula, style: NotationStyle, width: number): string[] {
  const whole = printFormula(formula, style);
  if (lengthOf(whole) <= width) return [whole];
  const terms = piecesOf(formula, style, binding.sum);
  const lines = packed(
    terms.map(({ text }) => text),
    width,
  );
  return lines.flatMap((line): string[] => {
    const term = terms.find(({ text }) => text === line);
    if (lengthOf(line) <= width || !term) return [line];
    const [first, ...rest] = piecesOf(term.of, style, binding.product).map(({ text }) => text);
    return packed([term.sign === '' ? first : `${term.sign} ${first}`, ...rest], width);
  });
}

const lengthOf = (text: string): number => [...text].length;

/** As many pieces in a line as there is room for. */
function packed(pieces: readonly string[], width: number): string[] {
  const lines: string[] = [];
  for (const piece of pieces) {
    const last = lines.at(-1);
    if (last !== undefined && lengthOf(last) + 1 + lengthOf(piece) <= width)
      lines[lines.length - 1] = `${last} ${piece}`;
    else lines.push(piece);
  }
  return lines;
}

interface Piece {
  readonly sign: string;
  readonly of: Formula;
  /** With the sign before it. */
  readonly text: string;
}

/** The operands of one level, each with the sign before it. */
function piecesOf(of: Formula, style: NotationStyle, at: number): Piece[] {
  const formula = style === 'math' ? mathematical(of) : seen(of);
  const whole: Piece = { sign: '', of: formula, text: printFormula(formula, style) };
  if (formula.kind !== 'infix' || formula.operator === 'matrix') return [whole];
  const { level, math, nn } = operators[formula.operator];
  if (level !== at) return [whole];
  const sign = style === 'math' ? math : nn;
  const [leftText, rightText] = sidesOf(formula, style);
  const left = seen(formula.left);
  const goesOn = left.kind === 'infix' && operators[left.operator].level === at && left.operator !== 'matrix';
  const first = goesOn ? piecesOf(left, style, at) : [{ sign: '', of: left, text: leftText }];
  return [...first, { sign, of: formula.right, text: `${sign} ${rightText}` }];
}
