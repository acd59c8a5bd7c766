// How much arithmetic kernels do: floating-point operations, counted from their statements and nothing else.
import { axesOf, evaluate, type Atom, type Axis, type Index } from '../ir/index.js';
import type { Kernel, Statement, Step } from '../ir/program.js';
import { thread, threads } from '../ir/threads.js';
import { isLanes, type Scalar, type ScalarOp } from '../ir/scalar.js';

/** What a run-time size is taken to be. */
export type SizeOf = (name: string) => number;

/** What counts as one operation for each value; comparisons, choices, conversions and changes of sign do not. */
export const counted: ReadonlySet<ScalarOp> = new Set<ScalarOp>([
  ...(['add', 'sub', 'mul', 'div', 'min', 'max', 'sqrt', 'pow'] as const),
  ...(['exp', 'log', 'log1p', 'expm1', 'sin', 'cos', 'tanh', 'erf'] as const),
]);

/**
 * Operations of one call. Where a last tile overlaps the one before it, only its new part counts; both arms of a choice
 * count; a value that stands twice in a statement counts once.
 */
export function flopsOf(kernel: Kernel, sizeOf: SizeOf): number {
  // All that threads share, as one of them would do it alone.
  const axes = new Map([
    [thread, 0],
    [threads, 1],
  ]);
  return inBody(kernel.body, { sizeOf, axes });
}

/** How often one pass through the steps calls each kernel, in order of the first call. */
export function callsOf(steps: readonly Step[], sizeOf: SizeOf): Map<Kernel, number> {
  const calls = new Map<Kernel, number>();
  const walk = (inner: readonly Step[], times: number): void => {
    for (const step of inner)
      if (step.kind === 'run') calls.set(step.kernel, (calls.get(step.kernel) ?? 0) + times);
      else walk(step.steps, times * valueOf(step.axis.extent, { sizeOf, axes: new Map() }));
  };
  walk(steps, 1);
  return calls;
}

/** Operations of one pass through the steps. */
export function flopsOfSteps(steps: readonly Step[], sizeOf: SizeOf): number {
  return [...callsOf(steps, sizeOf)].reduce((sum, [kernel, calls]) => sum + calls * flopsOf(kernel, sizeOf), 0);
}

interface Place {
  readonly sizeOf: SizeOf;
  /** The loops around, and integers set in them. */
  readonly axes: Map<Axis, number>;
}

function inBody(body: readonly Statement[], place: Place): number {
  return body.reduce((sum, statement) => sum + inStatement(statement, place), 0);
}

function inStatement(s: Statement, place: Place): number {
  switch (s.kind) {
    case 'loop':
      return inLoop(s, place);
    case 'index':
      place.axes.set(s.axis, valueOf(s.value, place));
      return 0;
    case 'let':
    case 'set':
    case 'store':
      return inScalar(s.value, new Set());
    case 'if': {
      const [a, b] = s.less;
      return inBody(valueOf(a, place) < valueOf(b, place) ? s.then : s.else, place);
    }
    case 'transpose':
    case 'barrier':
      return 0;
    default:
      return s satisfies never;
  }
}

/** Every round is the same, unless bounds inside depend on the axis. */
function inLoop(loop: Statement & { kind: 'loop' }, place: Place): number {
  const from = loop.from ? valueOf(loop.from, place) : 0;
  const last = loop.last ? valueOf(loop.last, place) : Infinity;
  // A thread's last round may end behind the last place.
  const to = Math.min(valueOf(loop.to, place), last + loop.step);
  if (to <= from) return 0;
  if (!decidingAxes(loop.body).has(loop.axis)) {
    place.axes.set(loop.axis, from);
    const rounds = (to - from) / loop.step;
    return (loop.last ? rounds : Math.ceil(rounds)) * inBody(loop.body, place);
  }
  let sum = 0;
  for (let counter = from; counter < to; counter += loop.step) {
    place.axes.set(loop.axis, Math.min(counter, last));
    const part = loop.last ? Math.min(1, (to - counter) / loop.step) : 1;
    sum += part * inBody(loop.body, place);
  }
  return sum;
}

const deciding = new WeakMap<readonly Statement[], ReadonlySet<Axis>>();

/** Axes on which the bounds of loops and the conditions in a block depend, also through integers set there. */
function decidingAxes(body: readonly Statement[]): ReadonlySet<Axis> {
  const known = deciding.get(body);
  if (known) return known;
  const found = new Set<Axis>();
  // Backwards: an integer is set before it is used.
  for (const s of [...body].reverse()) {
    if (s.kind === 'loop') {
      for (const axis of decidingAxes(s.body)) found.add(axis);
      for (const bound of [s.from, s.to, s.last]) if (bound) axesOf(bound, found);
    } else if (s.kind === 'if') {
      for (const axis of [...decidingAxes(s.then), ...decidingAxes(s.else)]) found.add(axis);
      for (const side of s.less) axesOf(side, found);
    } else if (s.kind === 'index' && found.has(s.axis)) axesOf(s.value, found);
  }
  deciding.set(body, found);
  return found;
}

function inScalar(value: Scalar, seen: Set<string>): number {
  if (seen.has(value.key)) return 0;
  seen.add(value.key);
  switch (value.kind) {
    case 'apply': {
      const own = value.type === 'f32' && counted.has(value.op) ? width(value) : 0;
      return value.args.reduce((sum, arg) => sum + inScalar(arg, seen), own);
    }
    case 'splat':
    case 'lane':
      return inScalar(value.of, seen);
    case 'fold':
      throw new Error('a kernel holds a fold');
    case 'number':
    case 'index':
    case 'load':
    case 'local':
      return 0;
    default:
      return value satisfies never;
  }
}

function width(value: Scalar): number {
  return isLanes(value) ? 4 : 1;
}

/** An element used as a coordinate decides no loop, and is taken to be 0. The round of a loop around is the one in the middle. */
function valueOf(index: Index, place: Place): number {
  const valueOfAtom = (part: Atom): number => {
    switch (part.kind) {
      case 'size':
        return place.sizeOf(part.name);
      case 'axis':
        return place.axes.get(part) ?? (valueOf(part.extent, place) - 1) / 2;
      case 'sum':
        return valueOf(part.of, place);
      case 'quotient':
        return Math.floor(valueOf(part.of, place) / valueOf(part.by, place));
      case 'element':
        return 0;
      default:
        return part satisfies never;
    }
  };
  return evaluate(index, valueOfAtom);
}
