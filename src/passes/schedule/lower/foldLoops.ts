// The loops that folds share: one in another, those of long sums in blocks, with an accumulator before them for each fold.
import { div, endOf, sub, toIndex, type Axis, type Index } from '../../../ir/index.js';
import { apply, type FoldOp, type Scalar } from '../../../ir/scalar.js';
import { cutOf, takeIn, writeRange, type Cut } from './blocks.js';
import { addsUp, type PendingFold } from './pendingFolds.js';
import type { Writer } from './writer.js';

export interface LoopShape {
  /** Outermost first. */
  readonly axes: readonly Axis[];
  /** How many elements of the innermost axis are taken in one round. */
  readonly width: number;
  /** How many terms each of these elements adds: those of the unrolled axes. */
  readonly terms: number;
  /** Longer sums are made in blocks. */
  readonly most?: number;
}

export class FoldLoops {
  readonly innermost: Axis;
  /** The index that each axis has where statements are being written. */
  readonly bound = new Map<Axis, Index>();
  private readonly outer: readonly Axis[];
  private readonly level: number;
  private readonly cut?: Cut;
  /** The accumulators of sums in blocks, each with the sum of the blocks before. */
  private readonly blocks: { readonly whole: Scalar; readonly block: Scalar }[] = [];

  /** The accumulators stand in the writer's innermost scope. */
  constructor(
    private readonly writer: Writer,
    private readonly group: readonly PendingFold[],
    { axes, width, terms, most }: LoopShape,
  ) {
    this.level = writer.depth;
    this.outer = axes.slice(0, -1);
    this.innermost = axes[axes.length - 1];
    const extents = [...this.outer.map((a) => a.extent), div(this.innermost.extent, toIndex(width))];
    if (group.some((p) => addsUp(p.fold))) this.cut = cutOf(writer, extents, terms, most);
  }

  /** An accumulator for each fold, which starts from what is given. */
  accumulators(suffix: string, start: (pending: PendingFold) => Scalar): Scalar[] {
    return this.group.map((p) => {
      const accumulator = (end: string): Scalar =>
        this.writer.let(this.level, this.nameOf(p, `${suffix}${end}`), start(p), true);
      const block = accumulator('');
      if (this.cut && addsUp(p.fold)) this.blocks.push({ whole: accumulator('_whole'), block });
      return block;
    });
  }

  /** A let for the fold beside its accumulators. */
  result(pending: PendingFold, suffix: string, value: Scalar): Scalar {
    return this.writer.let(this.level, this.nameOf(pending, suffix), value);
  }

  /** The accumulator after the loops, with the sum of the blocks before the last one. */
  complete(accumulator: Scalar): Scalar {
    const kept = this.blocks.find((b) => b.block === accumulator);
    return kept ? apply('add', kept.whole, accumulator) : accumulator;
  }

  /** Opens the loops around the innermost one. */
  around(write: () => void, depth = 0): void {
    if (depth === this.outer.length) return write();
    const axis = this.outer[depth];
    const inside = (loop: Axis): void => {
      this.bound.set(axis, toIndex(loop));
      this.around(write, depth + 1);
    };
    const range = { axis, to: endOf(axis), step: 1, rounds: endOf(axis) };
    writeRange(this.writer, range, this.cutAt(depth), inside, () => this.takeIn());
  }

  /** The innermost loop, or a part of it; in blocks where it is cut and accumulators are given, which are those that it adds to. */
  run(part: { from?: Index; to: Index; step: number }, write: () => void, accumulators?: readonly Scalar[]): void {
    const { from, to, step } = part;
    const range = { axis: this.innermost, ...part, rounds: div(from ? sub(to, from) : to, toIndex(step)) };
    const inside = (loop: Axis): void => {
      this.bound.set(this.innermost, toIndex(loop));
      write();
    };
    const cut = accumulators && this.cutAt(this.outer.length);
    writeRange(this.writer, range, cut, inside, () => this.takeIn(accumulators));
  }

  /** Ends a block of what is added beside the blocks of the innermost loop, each time that it has run. */
  afterRun(accumulators: readonly Scalar[]): void {
    if (this.cutAt(this.outer.length) && this.outer.length > 0) this.takeIn(accumulators);
  }

  private cutAt(depth: number): Cut | undefined {
    return this.cut?.at === depth ? this.cut : undefined;
  }

  /** Takes the blocks of these accumulators, or of all, into their sums. */
  private takeIn(accumulators?: readonly Scalar[]): void {
    for (const { whole, block } of this.blocks)
      if (!accumulators || accumulators.includes(block)) takeIn(this.writer, whole, block);
  }

  private nameOf({ fold, label }: PendingFold, suffix: string): { base: string; numbered: boolean } {
    return accumulatorName(fold.op, `${this.group.length > 1 ? label : ''}${suffix}`);
  }
}

export function accumulatorName(op: FoldOp, label: string): { base: string; numbered: boolean } {
  const base = op === 'max' ? 'largest' : op === 'min' ? 'least' : 'acc';
  return { base: `${base}${label}`, numbered: false };
}
