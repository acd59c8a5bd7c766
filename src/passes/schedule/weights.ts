// How much work statements are, in instructions, for run-time sizes as they are expected.
import { evaluate, zero, type Axis, type Index } from '../../ir/index.js';
import type { Statement } from '../../ir/program.js';
import type { Scalar } from '../../ir/scalar.js';
import { partsOf } from '../../ir/walk.js';
import type { Estimate } from '../../ir/nest/sizes.js';

export interface Weights {
  /** How often the body of a loop runs, at each of its runs. */
  rounds(loop: Statement & { readonly kind: 'loop' }): number;
  extent(axis: Axis): number;
  /** A vector instruction counts as one. */
  work(statements: readonly Statement[]): number;
}

export function createWeights(estimate: Estimate): Weights {
  /** Integer lets, and axes of loops around that end before their extent: those of blocks. */
  const known = new Map<Axis, number>();
  /** Other axes of loops around count half of their range. */
  const valueOf = (index: Index): number =>
    evaluate(index, (part) => {
      if (part.kind === 'size') return estimate(part.name);
      if (part.kind === 'sum') return valueOf(part.of);
      if (part.kind === 'quotient') return Math.floor(valueOf(part.of) / Math.max(1, valueOf(part.by)));
      return part.kind === 'axis' ? (known.get(part) ?? valueOf(part.extent) / 2) : chosen(part.of);
    });
  /** Of elements those that are chosen among numbers that are known here: bounds of loops. */
  const chosen = (value: Scalar): number => {
    if (value.kind === 'number') return value.value;
    if (value.kind === 'index') return valueOf(value.of);
    if (value.kind !== 'apply') return 0;
    const [a, b, c] = value.args;
    if (value.op === 'select') return chosen(chosen(a) > 0 ? b : c);
    if (value.op === 'lt') return Number(chosen(a) < chosen(b));
    if (value.op === 'min') return Math.min(chosen(a), chosen(b));
    return value.op === 'not' ? 1 - chosen(a) : 0;
  };
  const rounds: Weights['rounds'] = ({ from = zero, to, step }) =>
    Math.max(0, Math.ceil((valueOf(to) - valueOf(from)) / step));
  const work: Weights['work'] = (statements) => statements.reduce((sum, s) => sum + workOf(s), 0);
  const workOf = (s: Statement): number => {
    switch (s.kind) {
      case 'loop': {
        const times = rounds(s);
        if (s.to.key !== s.axis.extent.key) known.set(s.axis, valueOf(s.from ?? zero) + (s.step * (times - 1)) / 2);
        return times * work(s.body);
      }
      case 'if':
        return work(valueOf(s.less[0]) < valueOf(s.less[1]) ? s.then : s.else);
      case 'let':
      case 'set':
        return 1 + instructions(s.value, new Set());
      case 'store':
        return 1 + instructions(s.value, new Set());
      case 'index':
        known.set(s.axis, valueOf(s.value));
        return 4;
      case 'transpose':
        return 4;
      case 'barrier':
        return 0;
      default:
        return s satisfies never;
    }
  };
  return { rounds, work, extent: (axis) => valueOf(axis.extent) };
}

/** Operations and loads of a value, each once. */
function instructions(value: Scalar, seen: Set<string>): number {
  if (value.kind === 'local' || value.kind === 'number' || seen.has(value.key)) return 0;
  seen.add(value.key);
  return partsOf(value).reduce((sum, part) => sum + instructions(part, seen), 1);
}
