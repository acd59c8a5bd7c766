// Long formulas of LaTeX in lines, broken where a person would: before the signs of a sum, then of a product, then between arguments. What
// follows is set in by a quad for each part that it goes on with; a fraction that is too wide stands with a stroke.
import { isNumber, mathematical } from '../../ir/formula/mathematics.js';
import { factorsByLetters } from '../../ir/formula/places.js';
import { printSetting } from '../../ir/formula/text.js';
import { binding, operators, prefixes, summand, type Formula, type FormulaOf } from '../../ir/formula/tree.js';
import { widths } from './latexWidths.js';
import { latex } from './latexWords.js';
import { levelOf, opensSum, placeText, sumOver, typeset, typesetWithin, type Typesetter } from './typeset.js';

/** One line: LaTeX, how wide it is in ems, how many quads it is set in. */
export interface LatexLine {
  readonly text: string;
  readonly width: number;
  readonly indent: number;
}

/** How wide a formula is in ems. */
export function widthOf(formula: Formula): number {
  return Number(typeset(formula, widths));
}

/** The lines of a formula, each of at most so many ems where it can be broken. */
export function latexLines(formula: Formula, room: number): LatexLine[] {
  return broken(formula, binding.branch, room, 0);
}

/** LaTeX with its width. */
function both(write: (by: Typesetter) => string): LatexLine {
  return { text: write(latex), width: Number(write(widths)), indent: 0 };
}

const word = (text: string): LatexLine => both((by) => by.upright(text));
const sign = (math: string, command: string): LatexLine => both((by) => by.sign(math, command));
/** Brackets whose halves may stand in different lines. */
const bracket = (text: string): LatexLine => ({ text, width: 0.6, indent: 0 });
const nothing: LatexLine = { text: '', width: 0, indent: 0 };

function joined(...lines: readonly LatexLine[]): LatexLine {
  const said = lines.filter(({ text }) => text !== '');
  const text = said.map((line) => line.text).join(' ');
  return {
    text,
    width: said.reduce((sum, { width }) => sum + width, 0),
    indent: Math.max(...lines.map(({ indent }) => indent)),
  };
}

/** The lines of a formula as an operand; `tail`: how wide what follows the last one is. */
function broken(of: Formula, least: number, room: number, tail: number): LatexLine[] {
  const whole = both((by) => typesetWithin(of, least, by));
  if (whole.width + tail <= room) return [whole];
  const formula = mathematical(of);
  // In lines a fraction is a product like others.
  const level = formula.kind === 'infix' ? operators[formula.operator].level : levelOf(formula, latex);
  const found =
    level < least
      ? around(bracket('\\bigl('), bracket('\\bigr)'), room, tail, (r, t) => parts(formula, r, t))
      : parts(formula, room, tail);
  return found ?? [whole];
}

type Inner = (room: number, tail: number) => LatexLine[] | undefined;

/** Something between what opens and what closes it. */
function around(open: LatexLine, close: LatexLine, room: number, tail: number, inner: Inner): LatexLine[] | undefined {
  const lines = inner(room - open.width, tail + close.width);
  return lines?.map((line, i) => {
    const lead = i === 0 ? joined(open, line) : line;
    return i === lines.length - 1 ? joined(lead, close) : lead;
  });
}

/** Undefined of what has no place to break. */
function parts(formula: Formula, room: number, tail: number): LatexLine[] | undefined {
  switch (formula.kind) {
    case 'infix':
      return packed(piecesOf(formula), room, tail);
    case 'prefix': {
      const { level, math, latex: command } = prefixes[formula.operator];
      return around(sign(math, command), nothing, room, tail, (r, t) => broken(formula.of, level, r, t));
    }
    case 'apply': {
      if (formula.name === 'abs') return undefined;
      // A root has no place to break, and a power of a half has.
      if (formula.name === 'sqrt')
        return marked(formula.args[0], '^', { text: '1/2', width: 1.5, indent: 0 }, room, tail);
      const settings = formula.settings.map((each) => word(printSetting(each)));
      return called(formula.math ?? formula.name, formula.args, settings, room, tail);
    }
    case 'power': {
      const exponent = both((by) => typeset(formula.exponent, by));
      return marked(formula.base, '^', exponent, room, tail);
    }
    case 'transpose':
      return marked(formula.of, '^', sign('⊤', '\\top'), room, tail);
    case 'index': {
      const places = formula.places.flatMap((place, i) => [
        ...(i === 0 ? [] : [comma()]),
        both((by) => (typeof place === 'string' ? placeText(place, by) : typeset(place, by))),
      ]);
      return marked(formula.of, '_', joined(...places), room, tail);
    }
    case 'cases':
      return casesLines(formula, room, tail);
    case 'contraction':
      return packed(factorsOf(formula), room, tail);
    case 'sum':
      return around(sumHead(formula), nothing, room, tail, (r, t) => broken(formula.of, summand, r, t));
    case 'total':
      return around(sumHead(formula), nothing, room, tail, (r, t) => broken(formula.of, binding.product, r, t));
    case 'list':
      return around(bracket('\\bigl['), bracket('\\bigr]'), room, tail, (r, t) => packed(listed(formula.items), r, t));
    default:
      return undefined;
  }
}

function called(
  name: string,
  args: readonly Formula[],
  settings: readonly LatexLine[],
  room: number,
  tail: number,
): LatexLine[] | undefined {
  const head = both((by) => (name.length === 1 ? by.variable(name) : by.upright(name)));
  return around(joined(head, bracket('\\bigl(')), bracket('\\bigr)'), room, tail, (r, t) =>
    packed([...listed(args, settings.length > 0), ...settings.map((of) => ({ of, least: binding.branch }))], r, t),
  );
}

/** With something small behind it, above the line or below; a name has no place to break. */
function marked(
  base: Formula,
  where: '^' | '_',
  { text, width }: LatexLine,
  room: number,
  tail: number,
): LatexLine[] | undefined {
  if (mathematical(base).kind === 'name') return undefined;
  const behind: LatexLine = { text: `${where}{${text}}`, width: 0.72 * width, indent: 0 };
  return around(nothing, behind, room, tail, (r, t) => broken(base, binding.atom, r, t));
}

/** Σ with what it runs over. */
function sumHead(of: FormulaOf<'contraction' | 'total' | 'sum'>): LatexLine {
  const line = both((by) => by.sum(sumOver(of, by), by.row([])));
  return { ...line, text: line.text.trim() };
}

/** A value that is too wide has several rows, the condition beside the last. */
function casesLines({ condition, then, otherwise }: FormulaOf<'cases'>, room: number, tail: number): LatexLine[] {
  const when = both((by) => typeset(condition, by));
  if (isNumber(then, 1) && isNumber(otherwise, 0))
    return [
      joined(
        both((by) => by.number('1')),
        both((by) => by.fenced('[', typeset(condition, by), ']')),
      ),
    ];
  const other = word('otherwise');
  const conditions = Math.max(when.width, other.width);
  const rowsOf = (of: Formula, beside: LatexLine): LatexLine[] =>
    broken(of, binding.branch, room - tail - conditions - 2, 0).map((line, i, all) => ({
      text: `${'\\quad '.repeat(line.indent)}${line.text} &${i === all.length - 1 ? ` ${beside.text}` : ''}`,
      width: line.indent + line.width,
      indent: 0,
    }));
  const rows = [...rowsOf(then, when), ...rowsOf(otherwise, other)];
  const width = Math.max(...rows.map((row) => row.width)) + conditions + 2;
  return [{ text: `\\begin{cases} ${rows.map(({ text }) => text).join(' \\\\ ')} \\end{cases}`, width, indent: 0 }];
}

interface Piece {
  /** What stands before it: a sign. */
  readonly lead?: LatexLine;
  readonly of: Formula | LatexLine;
  readonly least: number;
  /** What stands behind it: a comma. */
  readonly after?: LatexLine;
}

const comma = (): LatexLine => sign(',', ',');

/** Beside a shorter piece the next one begins though it has to be broken. */
const shortest = 4;

/** As many pieces in a line as there is room for; one that is too wide for a line is broken itself. */
function packed(pieces: readonly Piece[], room: number, tail: number): LatexLine[] {
  const lines: LatexLine[] = [];
  let open = true;
  pieces.forEach(({ lead = nothing, of, least, after = nothing }, i) => {
    const behind = i === pieces.length - 1 ? tail : 0;
    const indent = i === 0 ? 0 : 1;
    const plain = 'kind' in of ? both((by) => typesetWithin(of, least, by)) : of;
    const whole = joined(lead, plain, after);
    const last = lines.at(-1);
    const fits = (line: LatexLine): boolean => line.indent + line.width + behind <= room;
    const added = last && open ? joined(last, whole) : undefined;
    if (added && fits(added)) lines[lines.length - 1] = added;
    else if (!('kind' in of) || fits({ ...whole, indent })) lines.push({ ...whole, indent });
    else {
      // What is short does not stand alone.
      const goesOn = last !== undefined && open && last.width <= shortest;
      const [head, by] = goesOn ? [joined(last, lead), last.indent] : [lead, indent];
      if (goesOn) lines.pop();
      const inner = around(head, after, room - by, behind, (r, t) => broken(of, least, r, t)) ?? [whole];
      lines.push(...inner.map((line) => ({ ...line, indent: line.indent + by })));
      open = false;
      return;
    }
    open = true;
  });
  return lines;
}

function listed(args: readonly Formula[], goesOn = false): Piece[] {
  return args.map((of, i) => ({
    of,
    least: binding.branch,
    ...((goesOn || i < args.length - 1) && { after: comma() }),
  }));
}

/** Σ over letters: its factors. */
function factorsOf(formula: FormulaOf<'contraction'>): Piece[] {
  const [left, right] = factorsByLetters(formula);
  return [
    { ...(formula.over.length > 0 && { lead: sumHead(formula) }), of: left, least: binding.power },
    { lead: sign('·', '\\cdot'), of: right, least: binding.power },
  ];
}

/** The operands of one level, each with the sign before it. */
function piecesOf(formula: FormulaOf<'infix'>): Piece[] {
  const { operator } = formula;
  const { level, math, latex: command } = operators[operator];
  const isMatrix = operator === 'matrix';
  const isProduct = level === binding.product;
  const isFlat = (isProduct && operator !== 'div') || operator === 'add';
  const first = isMatrix ? binding.negation : level === binding.comparison ? level + 1 : level;
  const second = isMatrix || operator === 'div' ? binding.negation : isFlat ? level : level + 1;
  const goesOn = (of: Formula, least: number): FormulaOf<'infix'> | undefined => {
    const inner = mathematical(of);
    if (inner.kind !== 'infix' || isMatrix || inner.operator === 'matrix') return undefined;
    return least <= level && operators[inner.operator].level === level && inner.operator !== 'div' ? inner : undefined;
  };
  const [left, right] = [goesOn(formula.left, first), goesOn(formula.right, second)];
  const least = isProduct && opensSum(formula.left) ? binding.power : first;
  const before: Piece[] = left ? piecesOf(left) : [{ of: formula.left, least }];
  const [head, ...rest]: Piece[] = right ? piecesOf(right) : [{ of: formula.right, least: second }];
  const shown = isMatrix ? sign('\u2062', '\\,') : sign(math, command);
  return [...before, { ...head, lead: head.lead ? joined(shown, head.lead) : shown }, ...rest];
}
