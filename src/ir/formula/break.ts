// Long formulas in lines, broken where a person would: before the signs of a sum, then of a product, then between arguments. What follows
// hangs under what it belongs to.
import { isNumber, letterNames, mathematical } from './mathematics.js';
import { factorsByLetters } from './places.js';
import {
  einsumPattern,
  leastOf,
  printFormula,
  printPower,
  printSetting,
  raisable,
  sumSign,
  totalSign,
  within,
  type NotationStyle,
} from './text.js';
import { axisArgument } from '../types.js';
import { binding, operators, prefixes, seen, summand, type Formula, type FormulaOf } from './tree.js';

/** Where lines are broken. */
interface Room {
  readonly style: NotationStyle;
  /** Of each line. */
  readonly width: number;
  /** What follows the last line. */
  readonly tail: number;
}

/** The lines of a formula, each of at most so many characters where it can be broken; those after the first are to be set in alike. */
export function breakFormula(formula: Formula, style: NotationStyle, width: number): string[] {
  return broken(formula, binding.branch, { style, width, tail: 0 });
}

const lengthOf = (text: string): number => [...text].length;

/** The lines of a formula as an operand, which stands in parentheses where it binds more loosely than `least`. */
function broken(of: Formula, least: number, room: Room): string[] {
  const { style, width, tail } = room;
  const text = within(of, least, style);
  if (lengthOf(text) + tail <= width) return [text];
  const formula = style === 'math' ? mathematical(of) : seen(of);
  return text === printFormula(formula, style)
    ? parts(formula, room)
    : around('(', ')', room, (r) => parts(formula, r));
}

/** What ² or ᵀ stands behind: a name has no place to break. */
function brokenBase(of: Formula, room: Room): string[] {
  return seen(of).kind === 'name' ? [raisable(of, room.style)] : broken(of, binding.atom, room);
}

/** Something between an opening and a closing text. */
function around(open: string, close: string, room: Room, inner: (room: Room) => string[]): string[] {
  const within = { ...room, width: room.width - lengthOf(open), tail: room.tail + lengthOf(close) };
  return hanging(open, inner(within)).map((line, i, all) => (i === all.length - 1 ? line + close : line));
}

function hanging(lead: string, [first, ...rest]: readonly string[]): string[] {
  return [lead + first, ...rest.map((line) => ' '.repeat(lengthOf(lead)) + line)];
}

function parts(formula: Formula, room: Room): string[] {
  const { style } = room;
  const isMath = style === 'math';
  switch (formula.kind) {
    case 'infix':
      return packed(piecesOf(formula, style), room);
    case 'prefix': {
      const { level, math, nn } = prefixes[formula.operator];
      return around(isMath ? math : nn, '', room, (r) => broken(formula.of, level, r));
    }
    case 'apply': {
      const called = isMath ? (formula.math ?? formula.name) : formula.name;
      const settings = formula.settings.map((each) => printSetting(each, style));
      return brokenCall(called, formula.args, settings, room);
    }
    case 'power':
      return around('', printPower(formula, style), room, (r) => brokenBase(formula.base, r));
    case 'transpose':
      return isMath
        ? around('', 'ᵀ', room, (r) => brokenBase(formula.of, r))
        : brokenCall('transpose', [formula.of], [], room);
    case 'index': {
      const places = formula.places.map((place) => (typeof place === 'string' ? place : printFormula(place, style)));
      return around('', `[${places.join(', ')}]`, room, (r) => broken(formula.of, binding.atom, r));
    }
    case 'cases':
      return brokenCases(formula, room);
    case 'contraction':
      if (isMath) return packed(factorsOf(formula), room);
      return around('einsum(', ')', room, (r) =>
        packed(
          [
            { lead: '', of: einsumPattern(formula), least: 0, after: ',' },
            ...listed([formula.left, formula.right], []),
          ],
          r,
        ),
      );
    case 'sum':
      return brokenSum(formula, room);
    case 'total':
      return style === 'math'
        ? around(`${totalSign(formula)} `, '', room, (r) => broken(formula.of, binding.product, r))
        : parts(formula.plain, room);
    case 'list':
      return around('[', ']', room, (r) => packed(listed(formula.items, []), r));
    case 'silent':
      return parts(formula.of, room);
    default:
      return [printFormula(formula, style)];
  }
}

function brokenCall(name: string, args: readonly Formula[], settings: readonly string[], room: Room): string[] {
  return around(`${name}(`, ')', room, (r) => packed(listed(args, settings), r));
}

function brokenSum(formula: FormulaOf<'sum'>, room: Room): string[] {
  const { of, axes, shape } = formula;
  if (room.style !== 'math')
    return brokenCall('sum', [of], axes.length === shape.length ? [] : [axisArgument(axes, shape)], room);
  return around(`${sumSign(formula)} `, '', room, (r) => broken(of, summand, r));
}

function brokenCases({ condition, then, otherwise }: FormulaOf<'cases'>, room: Room): string[] {
  const piece = (lead: string, of: Formula, after = ''): Piece => ({ lead, of, least: binding.branch, after });
  if (room.style !== 'math')
    return packed([piece('if ', condition), piece('then ', then), piece('else ', otherwise)], room);
  if (isNumber(then, 1) && isNumber(otherwise, 0))
    return around('1[', ']', room, (r) => broken(condition, binding.branch, r));
  const pieces = [piece('', then), piece('if ', condition, ','), piece('else ', otherwise)];
  return around('{', '}', room, (r) => packed(pieces, r));
}

interface Piece {
  /** What stands before it: a sign. */
  readonly lead: string;
  readonly of: Formula | string;
  readonly least: number;
  /** What stands behind it: a comma. */
  readonly after: string;
}

/** As many pieces in a line as there is room for; one that is too long for a line is broken itself. */
function packed(pieces: readonly Piece[], room: Room): string[] {
  const { style, width } = room;
  const lines: string[] = [];
  // A sign begins a line where what stands before it is broken itself.
  let open = true;
  pieces.forEach(({ lead, of, least, after }, i) => {
    const tail = i === pieces.length - 1 ? room.tail : 0;
    const text = `${lead}${typeof of === 'string' ? of : within(of, least, style)}${after}`;
    const last = lines.at(-1);
    if (last !== undefined && (open || lead === '') && lengthOf(last) + 1 + lengthOf(text) + tail <= width)
      lines[lines.length - 1] = `${last} ${text}`;
    else if (typeof of === 'string' || lengthOf(text) + tail <= width) lines.push(text);
    else {
      lines.push(...around(lead, after, { ...room, tail }, (r) => broken(of, least, r)));
      open = false;
      return;
    }
    open = true;
  });
  return lines;
}

function listed(args: readonly Formula[], settings: readonly string[]): Piece[] {
  const items = [...args, ...settings];
  return items.map((of, i) => ({ lead: '', of, least: binding.branch, after: i === items.length - 1 ? '' : ',' }));
}

/** Σ over letters: its factors. */
function factorsOf(formula: FormulaOf<'contraction'>): Piece[] {
  const sum = formula.over.length === 0 ? '' : `Σ_${letterNames(formula.over)} `;
  const [left, right] = factorsByLetters(formula);
  return [
    { lead: sum, of: left, least: binding.atom, after: '' },
    { lead: '· ', of: right, least: binding.atom, after: '' },
  ];
}

/** The operands of one level, each with the sign before it. */
function piecesOf(formula: FormulaOf<'infix'>, style: NotationStyle): Piece[] {
  const { level, math, nn } = operators[formula.operator];
  const sign = style === 'math' ? math : nn;
  const [first, second] = leastOf(formula, style);
  const goesOn = (of: Formula, least: number): FormulaOf<'infix'> | undefined => {
    const inner = style === 'math' ? mathematical(of) : seen(of);
    if (inner.kind !== 'infix' || formula.operator === 'matrix' || inner.operator === 'matrix') return undefined;
    return least <= level && operators[inner.operator].level === level ? inner : undefined;
  };
  const piece = (of: Formula, least: number): Piece => ({ lead: '', of, least, after: '' });
  const [left, right] = [goesOn(formula.left, first), goesOn(formula.right, second)];
  const before = left ? piecesOf(left, style) : [piece(formula.left, first)];
  const [head, ...rest] = right ? piecesOf(right, style) : [piece(formula.right, second)];
  return [...before, { ...head, lead: `${sign === '' ? '' : `${sign} `}${head.lead}` }, ...rest];
}
