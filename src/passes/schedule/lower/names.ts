// Names for the lets and loops of one kernel: readable, and never the name of something else that is visible.
import { constantOf } from '../../../ir/index.js';
import type { Buffer, Scalar } from '../../../ir/scalar.js';

const reserved = [
  ...[
    'break',
    'case',
    'catch',
    'class',
    'const',
    'continue',
    'default',
    'delete',
    'do',
    'else',
    'enum',
    'export',
    'for',
  ],
  ...['function', 'if', 'import', 'in', 'let', 'new', 'null', 'return', 'static', 'super', 'switch', 'this', 'throw'],
  ...['true', 'false', 'try', 'typeof', 'var', 'void', 'while', 'with', 'yield', 'await', 'arguments', 'eval', 'of'],
];

/** Hands out names. A name may come again after its release, but only for a value of the same type. */
export class Names {
  private readonly taken = new Map<string, number>();
  private readonly signatures = new Map<string, string>();

  constructor(used: Iterable<string>) {
    for (const name of [...reserved, ...used]) this.taken.set(name, 1);
  }

  /** `base`, or `base` with the first free number. Always numbered where `base` ends in a word that will come again (`x0`, `x1`). */
  take(base: string, signature: string, numbered: boolean, blocked: (name: string) => boolean): string {
    for (let n = numbered ? 0 : -1; ; n++) {
      const name = n < 0 ? base : /\d$/.test(base) ? `${base}_${n}` : `${base}${n}`;
      const before = this.signatures.get(name);
      if (this.taken.has(name) || blocked(name) || (before !== undefined && before !== signature)) continue;
      this.taken.set(name, 1);
      this.signatures.set(name, signature);
      return name;
    }
  }

  release(name: string): void {
    this.taken.delete(name);
  }
}

/** The last part of a dotted name, as an identifier: `logits.dense.W` is `W`. */
export function identifier(name: string): string {
  const last = name.slice(name.lastIndexOf('.') + 1).replace(/\W/g, '_');
  return /^[A-Za-z_]/.test(last) ? last : `_${last}`;
}

/** The last part of a buffer's name; the gradient `d_logits.dense.W` is `d_W`. */
export function lastPart({ name, cotangent }: Buffer): string {
  const last = identifier(name);
  return cotangent && name.includes('.') ? `d_${last}` : last;
}

export function bufferNames(buffers: Iterable<Buffer>): string[] {
  return [...buffers].flatMap((b) => [b.name, identifier(b.name), lastPart(b), b.name.replace(/\W/g, '_')]);
}

const words: Partial<Record<string, string>> = {
  add: 'sum',
  sub: 'difference',
  mul: 'product',
  div: 'quotient',
  lt: 'less',
  le: 'atMost',
  eq: 'same',
  and: 'both',
  or: 'either',
  select: 'chosen',
  neg: 'negated',
  exp: 'exponential',
  log: 'logarithm',
  sqrt: 'root',
  f32: 'value',
  max: 'larger',
  min: 'smaller',
};

export interface LetName {
  readonly base: string;
  /** Several of the kind are likely. */
  readonly numbered: boolean;
}

/** What to call a let instead of an element of a buffer. */
export function nameIn(buffer: Buffer): LetName {
  return { base: lastPart(buffer), numbered: constantOf(buffer.length) !== 1 };
}

/** What to call a let of this value. */
export function baseName(value: Scalar): LetName {
  if (value.kind === 'load') return { base: lastPart(value.from), numbered: true };
  if (value.kind === 'splat') {
    const { base, numbered } = baseName(value.of);
    return { base: value.of.kind === 'local' ? `${value.of.name}s` : base, numbered };
  }
  if (value.kind === 'apply' && value.op === 'single') return baseName(value.args[0]);
  if (value.kind === 'apply' && value.op === 'mul' && value.args.some(isRateScale))
    return { base: 'learning_rate', numbered: false };
  if (value.kind === 'apply') return { base: words[value.op] ?? value.op, numbered: false };
  return { base: 'value', numbered: false };
}

/** Is it the trainer's scale of learning rates, the one counter that is no integer? */
function isRateScale(value: Scalar): boolean {
  return value.kind === 'load' && value.from.space === 'counter' && value.from.dtype === 'f32';
}
