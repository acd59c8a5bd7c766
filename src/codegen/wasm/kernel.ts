// One kernel as one function: loops with stepping pointers, lets as locals, stores.
import { constantOf, provablyLess, scale, sub, zero, type Axis, type Index } from '../../ir/index.js';
import type { Kernel, Statement } from '../../ir/program.js';
import { isLanes, type Buffer } from '../../ir/scalar.js';
import { emitAddress, emitBound, emitIndex } from './addresses.js';
import type { Code } from './code.js';
import { createEmission, forget, forgetValues, inFrame, takeLocal, valueType, type Emission } from './emission.js';
import { emitTogether, inLockStep } from './lockstep.js';
import { storeHalf } from './halves.js';
import { emitPointers, stepPointers } from './pointers.js';
import { emitScalar, emitVector } from './values.js';
import { countUses } from './countUses.js';

type Loop = Statement & { kind: 'loop' };

/** The code of a kernel. Its parameters are the sizes, then the axes of the loops around its calls. */
export function emitKernel(
  kernel: Kernel,
  options: {
    readonly offsets: ReadonlyMap<Buffer, Index>;
    readonly relaxed: boolean;
    readonly sizes: readonly string[];
    readonly axes: readonly Axis[];
  },
): Code {
  const e = createEmission(options.offsets, options.relaxed, options.sizes, options.axes);
  emitBlock(e, kernel.body);
  return e.code;
}

/** Statements in a frame of their own. `before` runs in it first. */
function emitBlock(e: Emission, block: readonly Statement[], before?: () => void): void {
  inFrame(e, { block: true, uses: countUses(block) }, () => {
    before?.();
    for (const statements of inLockStep(block)) {
      const [first] = statements;
      if ((first.kind === 'store' || first.kind === 'let') && first.fence) emitFence(e);
      if (statements.length === 1) emitStatement(e, first);
      else emitSideBySide(e, statements);
    }
  });
}

/** Statements of one shape: their values operation by operation. */
function emitSideBySide(e: Emission, statements: readonly Statement[]): void {
  inFrame(e, { block: false }, () => {
    emitTogether(
      e,
      statements.flatMap((s) => (s.kind === 'let' || s.kind === 'store' ? [s.value] : [])),
    );
    for (const statement of statements) emitStatement(e, statement);
  });
}

function emitStatement(e: Emission, statement: Statement): void {
  switch (statement.kind) {
    case 'loop':
      inFrame(e, { block: false }, () => emitLoop(e, statement));
      return forgetValues(e);
    case 'index': {
      emitIndex(e, statement.value);
      const local = takeLocal(e, 'i32');
      e.axes.set(statement.axis, local);
      return e.code.set(local);
    }
    case 'let': {
      const type = valueType(statement.value);
      emitScalar(e, statement.value);
      const before = e.lets.get(statement.name);
      const local = before?.type === type ? before.local : e.code.local(type);
      e.lets.set(statement.name, { local, type });
      e.code.set(local);
      return forget(e, (part) => part.kind === 'local' && part.name === statement.name);
    }
    case 'set': {
      const known = e.lets.get(statement.name);
      if (!known) throw new Error(`${statement.name} is set before its let`);
      (known.type === 'v128' ? emitVector : emitScalar)(e, statement.value);
      e.code.set(known.local);
      return forget(e, (part) => part.kind === 'local' && part.name === statement.name);
    }
    case 'store':
      emitStore(e, statement);
      return forget(e, (part) => part.kind === 'load' && part.from === statement.to);
    case 'if':
      emitIf(e, statement);
      return forgetValues(e);
    case 'transpose':
      return emitTranspose(e, statement.names);
    case 'barrier':
      throw new Error('threads do not meet within a function');
    default:
      return statement satisfies never;
  }
}

function emitStore(e: Emission, { to, at, value }: Statement & { kind: 'store' }): void {
  const offset = emitAddress(e, to, at);
  const lanes = isLanes(value);
  emitScalar(e, value);
  if (to.dtype === 'f16') return storeHalf(e, offset, value);
  if (lanes && value.type === 'bool') e.code.op('i32x4.neg');
  e.code.memory(lanes ? 'v128.store' : to.dtype === 'f32' ? 'f32.store' : 'i32.store', offset);
}

function emitIf(e: Emission, { less: [a, b], then, else: otherwise }: Statement & { kind: 'if' }): void {
  emitIndex(e, a);
  emitIndex(e, b);
  e.code.op('i32.lt_s');
  e.code.open('if');
  emitBlock(e, then);
  if (otherwise.length > 0) {
    e.code.op('else');
    emitBlock(e, otherwise);
  }
  e.code.op('end');
}

function emitLoop(e: Emission, loop: Loop): void {
  if (loop.as !== 'serial') throw new Error(`${loop.axis.name}: WebAssembly has no ${loop.as} loops`);
  if (loop.pairs) return emitInPairs(e, loop);
  const { code } = e;
  const from = loop.from ?? zero;
  const to = emitBound(e, loop.to);
  const last = loop.last && emitBound(e, loop.last);
  const counter = takeLocal(e, 'i32');
  const axis = last ? takeLocal(e, 'i32') : counter;
  e.axes.set(loop.axis, axis);
  emitIndex(e, from);
  code.set(counter);
  const mayBeEmpty = !provablyLess(from, loop.to);
  if (mayBeEmpty) {
    code.open('block');
    code.get(counter);
    to();
    code.op('i32.ge_s');
    code.branch('br_if', 0);
  }
  const pointers = last ? [] : emitPointers(e, loop, 1);
  const { fenceTo } = e;
  const apart = loop.body.some((s) => s.kind === 'let' && s.fence);
  if (apart) {
    code.open('block');
    e.fenceTo = code.depth;
  }
  code.open('loop');
  e.counters.push(counter);
  emitBlock(e, loop.body, () => {
    if (!last) return;
    code.get(counter);
    last();
    code.get(counter);
    last();
    code.op('i32.lt_s', 'select');
    code.set(axis);
  });
  e.counters.pop();
  stepPointers(e, pointers);
  code.get(counter);
  code.i32(loop.step);
  code.op('i32.add');
  code.tee(counter);
  to();
  code.op('i32.lt_s');
  code.branch('br_if', 0);
  code.op('end');
  if (apart) code.op('end');
  e.fenceTo = fenceTo;
  if (mayBeEmpty) code.op('end');
}

/** A loop two rounds at a time, in which nothing but pointers knows how far it has come: one of them tells the end. */
function emitInPairs(e: Emission, loop: Loop): void {
  const { code } = e;
  const from = loop.from ?? zero;
  code.open('block');
  if (!provablyLess(from, loop.to)) {
    emitIndex(e, from);
    emitIndex(e, loop.to);
    code.op('i32.ge_s');
    code.branch('br_if', 0);
  }
  const pointers = emitPointers(e, loop, 2);
  const lead = pointers.find(({ stride }) => (constantOf(stride) ?? 0) > 0);
  if (!lead) throw new Error(`${loop.axis.name}: a steady loop reads further on in every round`);
  const round = lead.unit * (constantOf(lead.stride) ?? 0) * loop.step;
  const [end, lastRound] = [takeLocal(e, 'i32'), takeLocal(e, 'i32')];
  code.get(lead.local);
  emitIndex(e, scale(sub(loop.to, from), round / loop.step));
  code.op('i32.add');
  code.tee(end);
  code.i32(round);
  code.op('i32.sub');
  code.set(lastRound);
  const { fenceTo } = e;
  e.fenceTo = code.depth;
  code.open('loop');
  e.counters.push(lead.local);
  emitBlock(e, loop.body);
  code.get(lead.local);
  code.get(lastRound);
  code.op('i32.ge_u');
  code.branch('br_if', 1);
  e.ahead = { axis: loop.axis, by: loop.step };
  emitBlock(e, loop.body);
  e.ahead = undefined;
  e.counters.pop();
  e.fenceTo = fenceTo;
  stepPointers(e, pointers);
  code.get(lead.local);
  code.get(end);
  code.op('i32.lt_u');
  code.branch('br_if', 0);
  code.op('end', 'end');
}

/** Four vectors as the rows of a matrix become its columns: pairs interleave, then halves join. */
function emitTranspose(e: Emission, names: readonly [string, string, string, string]): void {
  const rows = names.map((name) => {
    const known = e.lets.get(name);
    if (known?.type !== 'v128') throw new Error(`${name} is not a vector`);
    return known.local;
  });
  const pairs = names.map(() => takeLocal(e, 'v128'));
  const words = (...picks: number[]): number[] => picks.flatMap((w) => [4 * w, 4 * w + 1, 4 * w + 2, 4 * w + 3]);
  const shuffle = (to: number, a: number, b: number, picks: number[]): void => {
    e.code.get(a);
    e.code.get(b);
    e.code.shuffle(picks);
    e.code.set(to);
  };
  shuffle(pairs[0], rows[0], rows[1], words(0, 4, 1, 5));
  shuffle(pairs[1], rows[0], rows[1], words(2, 6, 3, 7));
  shuffle(pairs[2], rows[2], rows[3], words(0, 4, 1, 5));
  shuffle(pairs[3], rows[2], rows[3], words(2, 6, 3, 7));
  shuffle(rows[0], pairs[0], pairs[2], words(0, 1, 4, 5));
  shuffle(rows[1], pairs[0], pairs[2], words(2, 3, 6, 7));
  shuffle(rows[2], pairs[1], pairs[3], words(0, 1, 4, 5));
  shuffle(rows[3], pairs[1], pairs[3], words(2, 3, 6, 7));
  forget(e, (part) => part.kind === 'local' && names.includes(part.name));
}

/**
 * Ends a stretch of code: leaves the function, or a loop whose sums are to have been added up, on a condition that never holds, and that no
 * other fence has.
 */
function emitFence(e: Emission): void {
  const counter = e.counters.at(-1);
  if (counter === undefined) return;
  e.code.get(counter);
  e.code.i32(-++e.fences);
  e.code.op('i32.eq');
  e.code.branch('br_if', e.code.depth - (e.fenceTo ?? 0));
}
