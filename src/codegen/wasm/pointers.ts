// Addresses in innermost loops as pointers that the loop steps.
import { axesOf, coefficient, scale, substitute, zero, type Axis, type Index } from '../../ir/index.js';
import { loadsOf, type Access } from '../../ir/loads.js';
import type { Statement } from '../../ir/program.js';
import type { Buffer, Scalar } from '../../ir/scalar.js';
import { someOfIndex } from '../../ir/walk.js';
import { addressOf, emitBound, emitIndex, keyOf } from './addresses.js';
import { keepAddress, keepNear, knownAddress, knownNear, takeLocal, type Emission, type Near } from './emission.js';

type Loop = Statement & { kind: 'loop' };

/** Bytes from a pointer, which leave some for the next round. */
const withinByte = 64;

export interface Pointer {
  readonly local: number;
  /** In units of so many bytes, for one step of the axis. */
  readonly stride: Index;
  readonly unit: number;
  readonly step: () => void;
}

export function stepPointers(e: Emission, pointers: readonly Pointer[]): void {
  for (const { local, step } of pointers) {
    e.code.get(local);
    step();
    e.code.op('i32.add');
    e.code.set(local);
  }
}

/** In an innermost loop an address that is affine in the axis becomes a pointer, started here and stepped by so many rounds of the loop. */
export function emitPointers(e: Emission, loop: Loop, rounds: number): Pointer[] {
  const from = loop.from ?? zero;
  const inside = accessesIn(loop.body);
  if (!inside) return [];
  const pointers: Pointer[] = [];
  // Where multiplying and adding is one instruction, their length counts: constants go into pointers, but for what fits a byte.
  const near = rounds > 1 && e.relaxed && isSpread(e, inside.accesses);
  const clusters: (Near & { readonly key: string })[] = [];
  for (const { from: buffer, at, guarded } of inside.accesses) {
    const address = addressOf(e, buffer, at);
    const { unit, variable, offset } = address;
    const key = keyOf(address);
    if (variable.terms.length === 0 || (near ? knownNear(e, key, offset) : knownAddress(e, key)) !== undefined)
      continue;
    const stride = coefficient(variable, loop.axis);
    if (!stride || [...axesOf(variable)].some((a) => inside.bound.has(a))) continue;
    // An element is read before the loop only where the loop would read it unconditionally and does not change it.
    const elements = { any: false, fixed: true };
    someOfIndex(variable, (part) => {
      elements.any = true;
      elements.fixed &&= isFixed(part, loop.axis, inside);
      return false;
    });
    if (elements.any && (guarded || !elements.fixed)) continue;
    const close = near && clusters.find((c) => c.key === key && offset >= c.base && offset < c.base + withinByte);
    if (close) {
      keepNear(e, key, offset, close);
      continue;
    }
    const start = substitute(variable, (part) => (part === loop.axis ? from : undefined));
    emitIndex(e, scale(start, unit));
    if (near) {
      e.code.i32(offset);
      e.code.op('i32.add');
    }
    const local = takeLocal(e, 'i32');
    e.code.set(local);
    if (near) {
      const cluster = { key, base: offset, local };
      clusters.push(cluster);
      keepNear(e, key, offset, cluster);
    } else keepAddress(e, key, local);
    if (stride.terms.length > 0)
      pointers.push({ local, stride, unit, step: emitBound(e, scale(stride, unit * rounds * loop.step)) });
  }
  return pointers;
}

/** Do accesses with the same variable part lie far from each other? */
function isSpread(e: Emission, accesses: readonly Access[]): boolean {
  const first = new Map<string, number>();
  return accesses.some(({ from, at }) => {
    const address = addressOf(e, from, at);
    const { offset } = address;
    const before = first.get(keyOf(address)) ?? offset;
    first.set(keyOf(address), before);
    return Math.abs(offset - before) >= withinByte;
  });
}

function isFixed(value: Scalar, axis: Axis, inside: Inside): boolean {
  const moves = (at: Index): boolean => [...axesOf(at)].some((a) => a === axis || inside.bound.has(a));
  return value.kind === 'load' && !loadsOf(value).some(({ from, at }) => inside.stored.has(from) || moves(at));
}

interface Inside {
  readonly accesses: readonly Access[];
  /** Axes that the body itself sets. */
  readonly bound: ReadonlySet<Axis>;
  readonly stored: ReadonlySet<Buffer>;
}

/** What a loop body reads and writes; undefined where it holds another loop. */
function accessesIn(body: readonly Statement[], guarded = false): Inside | undefined {
  const accesses: Access[] = [];
  const bound = new Set<Axis>();
  const stored = new Set<Buffer>();
  const value = (of: Scalar): void => void accesses.push(...loadsOf(of).map((a) => (guarded ? { ...a, guarded } : a)));
  for (const statement of body) {
    if (statement.kind === 'loop') return undefined;
    if (statement.kind === 'index') bound.add(statement.axis);
    else if (statement.kind === 'let' || statement.kind === 'set') value(statement.value);
    else if (statement.kind === 'store') {
      value(statement.value);
      stored.add(statement.to);
      accesses.push({ from: statement.to, at: statement.at, guarded });
    } else if (statement.kind === 'if')
      for (const arm of [statement.then, statement.else]) {
        const inner = accessesIn(arm, true);
        if (!inner) return undefined;
        accesses.push(...inner.accesses);
        for (const a of inner.bound) bound.add(a);
        for (const b of inner.stored) stored.add(b);
      }
  }
  return { accesses, bound, stored };
}
