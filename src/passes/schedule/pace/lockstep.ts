// The same arithmetic for several vectors in lock step: a processor looks some hundred instructions ahead, and one after the other would
// fill that with a few chains, in which each instruction waits for the one before.
import type { Index } from '../../../ir/index.js';
import type { Statement } from '../../../ir/program.js';
import { isLanes, type Buffer, type Scalar } from '../../../ir/scalar.js';
import { someOf } from '../../../ir/walk.js';
import { isCostly, together } from './cost.js';

type Assignment = Statement & { readonly kind: 'let' | 'store' };

/** Statements in the order in which they are written; those of a list do the same for different elements, side by side. */
export function sideBySide(body: readonly Statement[]): (readonly Statement[])[] {
  const result: (readonly Statement[])[] = [];
  for (let i = 0; i < body.length;) {
    const { kind } = body[i];
    let end = i + 1;
    while (end < body.length && body[end].kind === kind) end++;
    const section = body.slice(i, end);
    result.push(...(section.every(isVector) ? arrange(section) : section.map((s) => [s])));
    i = end;
  }
  return result;
}

function isVector(statement: Statement): statement is Assignment {
  return (statement.kind === 'let' || statement.kind === 'store') && isLanes(statement.value);
}

/** Lets, or stores, that are a pattern again and again. */
function arrange(section: readonly Assignment[]): (readonly Statement[])[] {
  const shapes = shapesOf(section);
  const { length } = section;
  const alone = section.map((s) => [s]);
  for (let period = 1; period <= length / 2; period++) {
    if (length % period !== 0 || shapes.some((shape, i) => i >= period && shape !== shapes[i - period])) continue;
    const runs = runsOf(section.slice(0, period), shapes);
    const most = Math.max(...runs.map((run) => run.count));
    if (!isCostly(section, (most * length) / period) || !independent(section, period)) return alone;
    const result: (readonly Statement[])[] = [];
    const several = Math.max(1, Math.floor(together / most)) * period;
    for (let first = 0; first < length; first += several) {
      const places = section.slice(first, first + several);
      for (const { from, count } of runs)
        result.push(places.filter((_, i) => i % period >= from && i % period < from + count));
    }
    return result;
  }
  return alone;
}

/** Stores of neighbouring vectors, which stay beside one another; each let is a run of its own. */
function runsOf(section: readonly Assignment[], shapes: readonly number[]): { readonly from: number; count: number }[] {
  const runs: { readonly from: number; count: number }[] = [];
  section.forEach((statement, i) => {
    const before = i > 0 ? section[i - 1] : undefined;
    const goesOn = before?.kind === 'store' && statement.kind === 'store' && before.to === statement.to;
    const run = runs.at(-1);
    if (run && goesOn && shapes[i] === shapes[i - 1]) run.count++;
    else runs.push({ from: i, count: 1 });
  });
  return runs;
}

/** Does no element read what another one makes? */
function independent(section: readonly Assignment[], period: number): boolean {
  const madeBy = new Map<string, number>();
  section.forEach((s, i) => s.kind === 'let' && madeBy.set(s.name, Math.floor(i / period)));
  const stored = new Set(section.flatMap((s) => (s.kind === 'store' ? [s.to] : [])));
  return section.every((statement, i) => {
    const place = Math.floor(i / period);
    const own = (buffer: Buffer, at: Index): boolean =>
      statement.kind === 'store' && buffer === statement.to && at.key === statement.at.key;
    return !someOf(statement.value, (part) => {
      if (part.kind === 'local') return (madeBy.get(part.name) ?? place) !== place;
      return part.kind === 'load' && stored.has(part.from) && !own(part.from, part.at);
    });
  });
}

/** Numbers that are equal where two statements differ only in addresses of loads and in names of lets. */
function shapesOf(section: readonly Assignment[]): number[] {
  const numbers = new Map<string, number>();
  const known = new Map<string, number>();
  const shapeOf = (value: Scalar): number => {
    const before = known.get(value.key);
    if (before !== undefined) return before;
    const parts = (): string => {
      switch (value.kind) {
        case 'apply':
          return `${value.op} ${value.args.map(shapeOf).join()}`;
        case 'splat':
          return String(shapeOf(value.of));
        case 'lane':
          return `${shapeOf(value.of)} ${value.at}`;
        case 'number':
        case 'fold':
          return value.key;
        default:
          return '';
      }
    };
    const text = `${value.kind} ${value.type} ${isLanes(value)} ${parts()}`;
    const shape = numbers.get(text) ?? numbers.size;
    numbers.set(text, shape);
    known.set(value.key, shape);
    return shape;
  };
  return section.map(({ value }) => shapeOf(value));
}
