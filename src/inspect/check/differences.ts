// A derivative held against central differences: with steps as small as kinks ask for, and as large as rounding does.

/** What differences with one step give. */
export interface Estimate {
  readonly value: number;
  /** Values nearer to it than this are not told apart from it: the function is rounded. */
  readonly rounding: number;
  /** No other branch is taken at the ends of the step than where it starts. */
  readonly clean: boolean;
}

export interface Judgement {
  /** What differences give. */
  readonly estimate: number;
  /** |derivative - estimate|, relative to `largest`, or to what differences can tell apart where that is more. */
  readonly error: number;
  /** However small a step, another branch is taken at its end, and the derivative is not what differences give. */
  readonly kink: boolean;
}

/** A function along a line, in double precision. */
export interface Line {
  /** Its value at t, and what is decided on the way there: where that differs, a kink lies between. */
  at(t: number): { readonly value: number; readonly decisions: number };
  /** What is decided at 0. */
  readonly decisions: number;
  /** By how much rounding changes the value. */
  readonly rounding: number;
  /** How far makes a difference: steps are fractions of it. */
  readonly unit: number;
}

/** Most derivatives are plain to see with this step, as a fraction of a line's unit. */
const first = 1e-4;
/** The others are looked at with differences of fourth order, and steps from large to small. */
const steps = [1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7];

/** Of the errors that pass, those up to this share are not looked at more closely. */
const near = 0.1;

/** Holds a derivative against differences of the function. `largest` is what errors are relative to, `limit` the largest that passes. */
export function judge(derivative: number, line: Line, largest: number, limit: number): Judgement {
  const judged = judgement(derivative, largest, limit);
  const plain = twoPoints(line, first * line.unit);
  judged.near(plain);
  for (const step of steps) {
    const known = judged.known();
    if (known) return known;
    judged.take(fourPoints(line, step * line.unit), plain);
  }
  return judged.end();
}

export interface Judging {
  /** Looks only whether an estimate is very near. */
  near(estimate: Estimate): void;
  /** Takes estimates with smaller and smaller steps; `other` is one with a smaller step still. */
  take(estimate: Estimate, other?: Estimate): void;
  /** As soon as it is known. */
  known(): Judgement | undefined;
  /** What can be said when all estimates are there. */
  end(): Judgement;
}

/**
 * The derivative agrees with an estimate that is very near. Else the estimate counts that rounding disturbs least: the one with the largest
 * step, as long as that is as good as one with a smaller step, for what differences of fourth order leave out falls fast.
 */
export function judgement(derivative: number, largest: number, limit: number): Judging {
  let known: Judgement | undefined;
  let last: Estimate | undefined;
  let across: Judgement | undefined;
  const errorOf = ({ value, rounding }: Estimate): number => {
    const difference = Math.abs(derivative - value);
    if (difference === 0) return 0;
    const error = difference / Math.max(largest, rounding / limit);
    return Number.isNaN(error) ? Infinity : error;
  };
  const said = (estimate: Estimate): Judgement => ({ estimate: estimate.value, error: errorOf(estimate), kink: false });
  const alike = (a: Estimate, b: Estimate): boolean => Math.abs(a.value - b.value) <= a.rounding + b.rounding;
  const look = (estimate: Estimate): void => {
    const exact = said({ ...estimate, rounding: 0 });
    if (exact.error <= near * limit) known ??= exact;
    // A step over a kink that changes next to nothing.
    else if (exact.error <= limit) across = exact;
  };
  return {
    near: look,
    take(estimate, other) {
      look(estimate);
      if (known) return;
      if (!estimate.clean) last = undefined;
      else if (last && alike(last, estimate)) known = said(last);
      else if (other?.clean && alike(estimate, other)) known = said(estimate);
      else last = estimate;
    },
    known: () => known,
    end: () => known ?? (last && said(last)) ?? across ?? { estimate: NaN, error: Infinity, kink: true },
  };
}

function twoPoints(line: Line, step: number): Estimate {
  const [up, down] = [line.at(step), line.at(-step)];
  const clean = up.decisions === line.decisions && down.decisions === line.decisions;
  return { value: (up.value - down.value) / (2 * step), rounding: (4 * line.rounding) / step, clean };
}

function fourPoints(line: Line, step: number): Estimate {
  const ends = [line.at(step), line.at(-step), line.at(2 * step), line.at(-2 * step)];
  return {
    value: fourthOrder(
      ends.map((end) => end.value),
      step,
    ),
    rounding: (4 * line.rounding) / step,
    clean: ends.every((end) => end.decisions === line.decisions),
  };
}

/** The derivative by values at h, -h, 2h and -2h. */
export function fourthOrder([a, b, c, d]: readonly number[], step: number): number {
  return (8 * (a - b) - (c - d)) / (12 * step);
}
