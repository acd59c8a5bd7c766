// What a page has while Vite serves it: trainers of a .nn file that is edited become trainers of what it is now, with all weights that fit.
import { carried } from './checkpoints.js';

/** What every emitted module has, as far as it matters here. */
export interface TrainerModule {
  readonly createTrainer: (options?: Options) => Trainer | Promise<Trainer>;
  readonly model: {
    readonly name: string;
    readonly parameters: readonly { readonly name: string; readonly shape: readonly number[] }[];
  };
}

type Options = Readonly<Record<string, unknown>>;

interface Trainer {
  /** Absent where the model does not train. */
  readonly stepCount?: number;
  save(options: { readonly optimizer: boolean }): Uint8Array | Promise<Uint8Array>;
  load(file: Uint8Array): void | Promise<void>;
  fit(data: unknown, options?: Options): AsyncIterable<Progress>;
  freeze?(patterns: readonly string[]): void | Promise<void>;
  dispose(): void | Promise<void>;
}

interface Progress {
  readonly epoch: number;
  readonly step: number;
  readonly steps: number;
  readonly heldOut?: unknown;
}

/** Vite's `import.meta.hot`. */
interface Hot {
  readonly data: { nnc?: Kept };
}

/** What outlives a version of a module. */
interface Kept {
  module: TrainerModule;
  readonly live: Set<Live>;
}

/** A trainer in use: the one behind the object that a program holds, whichever version of the module made it. */
interface Live {
  trainer: Trainer;
  /** The module that made it. */
  made: TrainerModule;
  readonly options: Options;
  /** Runs of `fit`, each of the trainer that was behind when it began; they end after the step they are in. */
  readonly runs: Map<AbortController, Trainer>;
  /** Calls that are not answered yet. */
  readonly calls: Set<Promise<unknown>>;
  /** What the program froze, which no checkpoint says. */
  frozen: readonly string[];
  isDisposed: boolean;
  /** While the trainer is being exchanged. */
  exchange?: Promise<void>;
}

/** The module's createTrainer while it is edited. Each version of the module calls it anew, with the same `hot`. */
export function keepTrainers(module: TrainerModule, hot: Hot): TrainerModule['createTrainer'] {
  const kept = (hot.data.nnc ??= { module, live: new Set() });
  kept.module = module;
  for (const live of kept.live) exchange(live, module);
  return (options = {}) => {
    const { module: made } = kept;
    const trainer = made.createTrainer(options);
    return trainer instanceof Promise
      ? trainer.then((made_) => handle(made_, made, options, kept))
      : handle(trainer, made, options, kept);
  };
}

/** What a program holds: all that it asks goes to the trainer that is behind at that time. */
function handle(trainer: Trainer, made: TrainerModule, options: Options, kept: Kept): Trainer {
  const live: Live = { trainer, made, options, runs: new Map(), calls: new Set(), frozen: [], isDisposed: false };
  kept.live.add(live);
  // Edited while it was being made.
  if (kept.module !== made) exchange(live, kept.module);
  const own: Readonly<Record<string, unknown>> = {
    fit: (data: unknown, settings?: Options) => fit(live, data, settings),
    freeze: (patterns: readonly string[]) => {
      const answer = call(live, 'freeze', [patterns]);
      live.frozen = [...patterns];
      return answer;
    },
    dispose: () => {
      live.isDisposed = true;
      kept.live.delete(live);
      return live.trainer.dispose();
    },
  };
  return new Proxy(trainer, {
    get(_, name) {
      if (typeof name === 'string' && Object.hasOwn(own, name) && Reflect.has(live.trainer, name)) return own[name];
      const value: unknown = Reflect.get(live.trainer, name);
      return typeof value === 'function' ? (...args: unknown[]) => call(live, name, args) : value;
    },
    set: (_, name, value) => Reflect.set(live.trainer, name, value),
    has: (_, name) => Reflect.has(live.trainer, name),
  });
}

function call(live: Live, name: string | symbol, args: readonly unknown[]): unknown {
  const { trainer } = live;
  const answer: unknown = Reflect.apply(Reflect.get(trainer, name), trainer, args);
  if (!(answer instanceof Promise)) return answer;
  live.calls.add(answer);
  const gone = (): void => void live.calls.delete(answer);
  answer.then(gone, gone);
  return answer;
}

/** Trains as the module's own `fit`; where the module is edited meanwhile, the run goes on with the next trainer from the step that it was at. */
async function* fit(live: Live, data: unknown, settings: Options = {}): AsyncGenerator<Progress> {
  const { signal: asked } = settings;
  const signals = asked instanceof AbortSignal ? [asked] : [];
  let { start = 0 } = settings;
  let first: object | undefined;
  for (;;) {
    const { trainer } = live;
    const run = new AbortController();
    live.runs.set(run, trainer);
    try {
      const signal = AbortSignal.any([...signals, run.signal]);
      for await (const progress of trainer.fit(data, { ...settings, start, signal, report: 'step' })) {
        start = (progress.epoch - 1) * progress.steps + progress.step;
        // The first report alone says which rows are held back.
        const { heldOut, ...report } = progress;
        if (heldOut !== undefined) first ??= { heldOut };
        if (settings.report !== 'step' && progress.step < progress.steps) continue;
        yield { ...report, ...first };
        first = {};
      }
    } finally {
      live.runs.delete(run);
      await letGo(live, trainer);
    }
    if (!run.signal.aborted || signals.some(({ aborted }) => aborted)) return;
    await live.exchange;
  }
}

/** Puts a trainer of an edited module behind what the program holds. One that cannot be made leaves the old one there. */
function exchange(live: Live, module: TrainerModule): void {
  const before = live.exchange;
  live.exchange = (async () => {
    await before;
    await Promise.allSettled(live.calls);
    if (live.isDisposed) return;
    try {
      const { trainer } = live;
      const next = await carriedOver(live, module);
      if (live.isDisposed) return void (await next.dispose());
      live.trainer = next;
      live.made = module;
      await letGo(live, trainer);
      for (const run of live.runs.keys()) run.abort();
    } catch (error) {
      if (live.isDisposed) return;
      console.error(`[nnc] ${module.model.name}: the trainer stays the one before the edit`, error);
    }
  })();
}

/** Disposes of a trainer that another is in the place of, and that no run of `fit` is of any more. */
async function letGo(live: Live, trainer: Trainer): Promise<void> {
  if (live.trainer !== trainer && ![...live.runs.values()].includes(trainer)) await trainer.dispose();
}

async function carriedOver(live: Live, module: TrainerModule): Promise<Trainer> {
  const next = await withWeights(live, module);
  if (live.frozen.length === 0) return next;
  try {
    await next.freeze?.(live.frozen);
  } catch (error) {
    console.warn(`[nnc] ${module.model.name}: nothing is frozen any more`, error);
  }
  return next;
}

/** A trainer of the edited module, with what of the other's checkpoint fits: all of it, where parameters and optimizer are what they were. */
async function withWeights({ trainer, made, options }: Live, module: TrainerModule): Promise<Trainer> {
  // What the program began with may not fit any more.
  const next = await module.createTrainer({ ...options, parameters: {} });
  try {
    const [before, fresh] = [await trainer.save({ optimizer: true }), await next.save({ optimizer: true })];
    const { file, resumes } = carried(before, fresh);
    await next.load(file);
    console.info(`[nnc] ${module.model.name}: edited; ${whatStays(made, module, next.stepCount, resumes)}`);
    return next;
  } catch (error) {
    // What does not fit is left out of the file: this is a fault, and nobody will hold the trainer.
    await next.dispose();
    throw error;
  }
}

function whatStays(from: TrainerModule, to: TrainerModule, update: number | undefined, resumes: boolean): string {
  const known = new Map(from.model.parameters.map(({ name, shape }) => [name, String(shape)]));
  const wanted = to.model.parameters;
  const fitting = wanted.filter(({ name, shape }) => known.get(name) === String(shape));
  const isWhole = fitting.length === wanted.length && known.size === wanted.length;
  const goesOn = `it goes on from update ${update}`;
  if (isWhole && (resumes || update === undefined)) return update === undefined ? 'all parameters stay' : goesOn;
  const stay = `${fitting.length} of ${wanted.length} parameters stay as they are`;
  return update === undefined ? stay : `${stay}, ${resumes ? goesOn : 'the optimizer starts anew'}`;
}
