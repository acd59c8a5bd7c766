// Gives the work of kernels to threads: which loops they share, what each of them needs for itself, and where that lies.
import { accessOf } from '../../ir/access.js';
import { add, axis, div, mul, scale, sub, toIndex, zero } from '../../ir/index.js';
import type { Kernel, Statement, Step, TargetTraits, TrainerProgram } from '../../ir/program.js';
import { mapRuns, runsOf } from '../../ir/runs.js';
import type { Buffer } from '../../ir/scalar.js';
import { controlWords, ownMemory, thread, threads } from '../../ir/threads.js';
import { planMemory } from './planMemory.js';
import { createWeights, type Weights } from './weights.js';

type Loop = Statement & { readonly kind: 'loop' };

/** Work that takes less than a few microseconds is done before threads have met: in instructions. */
const leastWork = 16_384;

/** So much work of a thread's part is worth a piece of its own, which others may take. */
const workOfPiece = 4;
/** A part is divided into at most so many pieces. */
const mostPieces = 4;

/** An entry in which threads share less than so many such kernels' work does not wake them. */
const leastOfEntry = 8;

/** A loop of so many rounds is shared well enough by a few threads; of fewer, one inside it may be better. */
const manyRounds = 16;

/**
 * The program for any number of threads. Its numbers are those of the program itself: every element is computed by the same statements.
 * Kernels of less than `least` instructions are not shared.
 */
export function share(program: TrainerProgram, target: TargetTraits, least = leastWork): TrainerProgram {
  const estimate = (): number => program.model.train.batch;
  const weights = createWeights(estimate);
  const hosts = new Set<Kernel>();
  const steps = Object.values(program.entries).flatMap((e) => e.steps);
  for (const run of runsOf(steps)) if (run.host) hosts.add(run.kernel);
  const shared = new Map(program.kernels.map((k) => [k, hosts.has(k) ? k : shareKernel(k, weights, least)]));
  const replaced = (list: readonly Step[]): Step[] =>
    mapRuns(list, (run) => [{ ...run, kernel: shared.get(run.kernel) ?? run.kernel }]);
  const works = new Map<Kernel, number>();
  const workOf = (kernel: Kernel): number => {
    const work = works.get(kernel) ?? weights.work(kernel.body);
    works.set(kernel, work);
    return work;
  };
  const sharedWork = (list: readonly Step[]): number =>
    list.reduce((sum, step) => {
      if (step.kind === 'repeat') return sum + weights.extent(step.axis) * sharedWork(step.steps);
      return shared.get(step.kernel) === step.kernel ? sum : sum + workOf(step.kernel);
    }, 0);
  const entries = Object.fromEntries(
    Object.entries(program.entries).map(([name, entry]) => {
      const alone = sharedWork(entry.steps) < leastOfEntry * least && { alone: true as const };
      return [name, { ...entry, ...alone, steps: replaced(entry.steps) }];
    }),
  );
  const { length, own, offsets } = placeOwn(program, target, hosts, estimate);
  return {
    ...program,
    entries,
    kernels: program.kernels.map((k) => shared.get(k) ?? k),
    memory: { ...program.memory, offsets, length, own },
  };
}

/** Behind the words by which threads wait come all buffers as they were planned; behind them, again for each thread, its own. */
function placeOwn(
  program: TrainerProgram,
  target: TargetTraits,
  hosts: ReadonlySet<Kernel>,
  estimate: () => number,
): Pick<Required<TrainerProgram['memory']>, 'offsets' | 'length' | 'own'> {
  // Kernels follow one another, and what is a kernel's own lives as long as it runs.
  const alone = program.kernels.flatMap((kernel): Step[] => {
    const own = hosts.has(kernel) ? [] : (kernel.sharing?.own ?? []);
    return own.length > 0 ? [{ kind: 'run', kernel: { ...kernel, body: [], scratch: own } }] : [];
  });
  const plan = planMemory([{ name: 'step', steps: alone, inputs: [], results: [] }], [], target, estimate);
  const offsets = new Map([...program.memory.offsets].map(([buffer, at]) => [buffer, add(at, controlWords)]));
  for (const [buffer, at] of plan.offsets) offsets.set(buffer, add(toIndex(ownMemory), at));
  return { offsets, length: add(program.memory.length, controlWords), own: plan.length };
}

/** The kernel as every thread runs it, each its part; the kernel itself where it is too small, or nothing in it can be shared. */
export function shareKernel(kernel: Kernel, weights: Weights, least = leastWork): Kernel {
  const { sharing } = kernel;
  const work = weights.work(kernel.body);
  if (!sharing || work < least) return kernel;
  const sharer: Sharer = { own: new Set(sharing.own), nested: sharing.nested, weights, loops: [], again: false };
  const body = withBarriers(shareStatements(kernel.body, sharer), kernel, sharer);
  if (sharer.loops.length === 0) return kernel;
  // Of two threads, the fewest.
  const worth = Math.min(mostPieces, Math.floor(work / (2 * workOfPiece * Math.max(1, least))));
  return { ...kernel, body, sharing: { ...sharing, pieces: sharer.again ? 1 : Math.max(1, worth) } };
}

interface Sharer {
  readonly own: ReadonlySet<Buffer>;
  readonly nested: boolean;
  readonly weights: Weights;
  /** Those that are shared. */
  readonly loops: Loop[];
  /** Is there work around shared loops that every piece would do again? */
  again: boolean;
}

/** Every thread computes what only it will see; of what all see, each computes its part, or the first does all. */
function shareStatements(list: readonly Statement[], sharer: Sharer): Statement[] {
  const out: Statement[] = [];
  let alone: Statement[] = [];
  const close = (): void => {
    if (alone.length > 0) out.push({ kind: 'if', less: [toIndex(thread), toIndex(1)], then: alone, else: [] });
    alone = [];
  };
  for (const statement of list) {
    if (!storesForAll(statement, sharer)) {
      close();
      if (statement.kind === 'loop' || accessOf([statement]).writes.size > 0) sharer.again = true;
      out.push(statement);
      continue;
    }
    const parts = shareStatement(statement, sharer);
    if (parts) {
      close();
      out.push(...parts);
    } else alone.push(statement);
  }
  close();
  return out;
}

function shareStatement(statement: Statement, sharer: Sharer): Statement[] | undefined {
  if (statement.kind === 'if') {
    const before = sharer.loops.length;
    const [then, otherwise] = [statement.then, statement.else].map((arm) => shareStatements(arm, sharer));
    return sharer.loops.length > before ? [{ ...statement, then, else: otherwise }] : undefined;
  }
  if (statement.kind !== 'loop' || !statement.parallel) return undefined;
  const rounds = sharer.weights.rounds(statement);
  const inside = sharer.nested ? mostRounds(statement.body, sharer) : 0;
  if (rounds < manyRounds && inside > rounds) return [{ ...statement, body: shareStatements(statement.body, sharer) }];
  return rounds > 1 ? split(statement, sharer) : undefined;
}

/** Rounds of the longest loop right inside that could be shared instead. */
function mostRounds(body: readonly Statement[], sharer: Sharer): number {
  return body.reduce((most, s) => {
    if (s.kind === 'if') return Math.max(most, mostRounds(s.then, sharer), mostRounds(s.else, sharer));
    const fits = s.kind === 'loop' && s.parallel && storesForAll(s, sharer);
    return fits ? Math.max(most, sharer.weights.rounds(s)) : most;
  }, 0);
}

/** The thread's rounds of the loop: of n rounds, those from n·t div threads to n·(t + 1) div threads. */
function split(loop: Loop, sharer: Sharer): Statement[] {
  sharer.loops.push(loop);
  const { from = zero, to, step } = loop;
  const rounds = div(add(sub(to, from), step - 1), toIndex(step));
  const part = (of: typeof to) => add(from, scale(div(mul(rounds, of), toIndex(threads)), step));
  const begin = axis('begin', add(to, step));
  const end = axis('end', add(to, step));
  return [
    { kind: 'index', axis: begin, value: part(toIndex(thread)) },
    { kind: 'index', axis: end, value: part(add(toIndex(thread), 1)) },
    { ...loop, from: toIndex(begin), to: toIndex(end) },
  ];
}

function storesForAll(statement: Statement, { own }: Sharer): boolean {
  return [...accessOf([statement]).writes].some((b) => !own.has(b));
}

/** Panels that all threads make together are read after a barrier. */
function withBarriers(body: readonly Statement[], kernel: Kernel, sharer: Sharer): Statement[] {
  const common = new Set(kernel.scratch.filter((b) => !sharer.own.has(b)));
  const written = new Set<Buffer>();
  return body.flatMap((statement): Statement[] => {
    const { reads, writes } = accessOf([statement]);
    const waits = [...reads].some((b) => written.has(b));
    if (waits) written.clear();
    for (const b of writes) if (common.has(b)) written.add(b);
    const arm = (list: readonly Statement[]): Statement[] => withBarriers(list, kernel, sharer);
    const inside =
      statement.kind === 'if' ? { ...statement, then: arm(statement.then), else: arm(statement.else) } : statement;
    return waits ? [{ kind: 'barrier', storage: true }, inside] : [inside];
  });
}
