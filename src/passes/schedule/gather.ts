// Horizontal fusion: kernels of few threads that do not wait for one another become one, so that small updates are dispatched together.
import { accessOf } from '../../ir/access.js';
import { axis, constantOf, sub, toIndex } from '../../ir/index.js';
import { estimated, type Estimate } from '../../ir/nest/sizes.js';
import type { Kernel, Run, Statement, Step } from '../../ir/program.js';
import { runsByKernel, runsOf } from '../../ir/runs.js';
import { isLanes } from '../../ir/scalar.js';
import { unique } from '../unique.js';
import { gatherGroups } from './gatherGroups.js';
import { accessOfSteps, conflict, withBuffers } from './order.js';
import type { Kernels } from './works.js';

/** Larger results keep a processor busy by themselves. */
const mostPlaces = 1 << 16;
/** What is read longer than it would be lives longer, and takes memory: no more elements than that. */
const mostHeld = 1 << 20;

/** The calls of a kernel that has more of them stay calls: their text would grow with each copy of a layer. */
const mostCopies = 5;

type Threads = Extract<Statement, { kind: 'loop' }>;

/** A call that can be one part of a kernel: lets, and one loop over so many threads. */
interface Small {
  readonly run: Run;
  readonly lets: readonly Statement[];
  readonly loop: Threads;
  readonly places: number;
  /** Reads nothing large, and may be made later than where it stands. */
  readonly light: boolean;
  /** Stores vectors of four: one memory is not bound twice, as vectors and as numbers. */
  readonly vectors: boolean;
}

/** In every pass that trains: small calls wait until one is needed, and those that wait together are one kernel. Then the same for workgroups. */
export function gather(kernels: Kernels): Kernels {
  const names = new Set(kernels.kernels.map(({ name }) => name));
  const groups = gatherGroups(kernels.estimate, names);
  const entries = kernels.entries.map((entry) =>
    isTraining(entry.name) ? { ...entry, steps: groups(gatherSteps(entry.steps, kernels.estimate, names)) } : entry,
  );
  const used = new Set(runsOf(entries.flatMap(({ steps }) => steps)).map(({ kernel }) => kernel));
  const made = [...used].filter((kernel) => !kernels.kernels.includes(kernel));
  return { ...kernels, entries, kernels: [...kernels.kernels.filter((kernel) => used.has(kernel)), ...made] };
}

function isTraining(name: string): boolean {
  return /^(step|accumulate)(\.|$)/.test(name);
}

/** The same in an order that keeps what waits for what; `names`: those that kernels have. */
export function gatherSteps(steps: readonly Step[], estimate: Estimate, names: Set<string>): Step[] {
  const calls = runsByKernel(steps);
  const done: Step[] = [];
  let waiting: Small[] = [];
  const make = (which: ReadonlySet<Small>): void => {
    done.push(
      ...inLevels(waiting.filter((small) => which.has(small))).flatMap((level) =>
        [false, true].flatMap((vectors) =>
          together(
            level.filter((small) => small.vectors === vectors),
            names,
          ),
        ),
      ),
    );
    waiting = waiting.filter((small) => !which.has(small));
  };
  for (const step of steps) {
    const small = smallOf(step, estimate);
    if (small && (calls.get(small.run.kernel)?.length ?? 0) <= mostCopies) {
      waiting.push(small);
      continue;
    }
    const access = accessOfSteps([step]);
    make(closed(waiting, (w) => !w.light || conflict(accessOfSteps([w.run]), access)));
    done.push(step);
  }
  make(new Set(waiting));
  return done;
}

/** Those that are chosen, and all before them that they wait for. */
function closed(waiting: readonly Small[], chosen: (small: Small) => boolean): Set<Small> {
  const found = new Set<Small>();
  for (const small of [...waiting].reverse()) {
    const own = accessOfSteps([small.run]);
    if (chosen(small) || [...found].some((later) => conflict(own, accessOfSteps([later.run])))) found.add(small);
  }
  return found;
}

/** By how long the longest chain is of those that each waits for. */
function inLevels(smalls: readonly Small[]): Small[][] {
  const levels: Small[][] = [];
  const levelOf = new Map<Small, number>();
  for (const small of smalls) {
    const own = accessOfSteps([small.run]);
    const before = [...levelOf].filter(([other]) => conflict(accessOfSteps([other.run]), own));
    const level = Math.max(-1, ...before.map(([, n]) => n)) + 1;
    levelOf.set(small, level);
    (levels[level] ??= []).push(small);
  }
  return levels;
}

function smallOf(step: Step, estimate: Estimate): Small | undefined {
  if (step.kind !== 'run' || step.host || step.numbers) return undefined;
  const { threads, scratch } = step.kernel;
  const body = bodyOf(step);
  const loop = body[body.length - 1];
  const lets = body.slice(0, -1);
  if (loop.kind !== 'loop' || loop.as !== 'thread' || loop.from || !threads) return undefined;
  const places = constantOf(loop.to);
  if (places === undefined || places > mostPlaces || scratch.length > 0 || lets.some((s) => s.kind !== 'let'))
    return undefined;
  const held = [...accessOf(body).reads].map(({ length }) => estimated(length, estimate));
  const vectors = loop.body.some((s) => s.kind === 'store' && isLanes(s.value));
  return { run: step, lets, loop, places, light: held.every((n) => n <= mostHeld), vectors };
}

/** What the kernel does in this call: its text with what the parameters stand for. */
function bodyOf({ kernel: { body }, given }: Run): readonly Statement[] {
  return given ? withBuffers(body, given) : body;
}

/** Of what is made of small kernels. */
const threadsOfGroup = 64;

/** One kernel, whose workgroups are each of one of these. */
function together(parts: readonly Small[], names: Set<string>): Run[] {
  if (parts.length <= 1) return parts.map(({ run }) => run);
  const groups = parts.map(({ places }) => Math.ceil(places / threadsOfGroup));
  const total = groups.reduce((n, more) => n + more, 0);
  const thread = axis('thread', threadsOfGroup * total);
  let from = threadsOfGroup * total;
  const body = [...parts].reverse().reduce<readonly Statement[]>((after, { lets, loop, places }, i) => {
    from -= threadsOfGroup * groups[parts.length - 1 - i];
    const end = from + threadsOfGroup * groups[parts.length - 1 - i];
    const place: Statement = { kind: 'index', axis: loop.axis, value: sub(toIndex(thread), from) };
    const inside: Statement = { kind: 'if', less: [toIndex(loop.axis), toIndex(places)], then: loop.body, else: [] };
    const own = [...lets, place, ...(places % threadsOfGroup === 0 ? loop.body : [inside])];
    return after.length === 0 ? own : [{ kind: 'if', less: [toIndex(thread), toIndex(end)], then: own, else: after }];
  }, []);
  const kernels = parts.map(({ run: { kernel, provenance = kernel.provenance } }) => ({
    plan: kernel.plan,
    provenance,
  }));
  const [{ provenance }] = kernels;
  const name = unique(provenance.phase === 'update' ? 'small_updates' : 'small_sums', names);
  const kernel: Kernel = {
    name,
    body: [{ kind: 'loop', axis: thread, to: thread.extent, step: 1, as: 'thread', body }],
    scratch: [],
    plan: `side by side: ${kernels.map(({ plan }) => plan).join(' | ')}`,
    provenance: {
      ...provenance,
      formulas: kernels.flatMap((k) => k.provenance.formulas),
      sources: kernels.flatMap((k) => k.provenance.sources),
      results: kernels.flatMap((k) => k.provenance.results),
    },
    grid: [toIndex(total)],
    threads: [threadsOfGroup],
  };
  return [{ kind: 'run', kernel }];
}
