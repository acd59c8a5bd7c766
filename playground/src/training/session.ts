// Training as the page sees it: started, paused and stepped, whichever pane is shown.
import { Asker, CalledOff } from '../compiler/ask.js';
import { storeOf, type Store } from '../page/store.js';
import type { Source } from '../../../src/diagnostics/diagnostic.js';
import type { PlaygroundStore } from '../state.js';
import { History } from './history.js';
import type { Inside } from './inside.js';
import type { Look } from './look.js';
import type { Advanced, Paced, Prepared } from './run.js';

export interface TrainingState {
  /** fresh: nothing is compiled for training yet. */
  readonly phase: 'fresh' | 'preparing' | 'paused' | 'running' | 'finished' | 'failed';
  readonly failure?: string;
  readonly prepared?: Prepared;
  readonly epoch: number;
  readonly made: number;
  /** What the last step reported, in the order of `prepared.reports`. */
  readonly latest: readonly number[];
  readonly validation?: Advanced['validation'];
  readonly look?: Look;
  readonly inside?: Inside;
}

const fresh: TrainingState = {
  phase: 'fresh',
  epoch: 0,
  made: 0,
  latest: [],
  failure: undefined,
  prepared: undefined,
  validation: undefined,
  look: undefined,
  inside: undefined,
};

/** Steps are made for so long before the page is told of them, and pictures take at most this share of the time. */
const [portion, share] = [40, 0.3];

/** How many rows the pictures of what is inside show. */
const rowsInside = 16;

export class Session {
  readonly store: Store<TrainingState> = storeOf(fresh);
  readonly history = new History();
  /** Somebody looks at what is inside the network: it is worked out only then. */
  private looksInside = false;
  private asker = new Asker('training');
  private calledOff = new AbortController();
  private lookedAt = 0;
  private lookTook = 0;
  private preparing: Promise<boolean> = Promise.resolve(false);

  constructor(private readonly page: PlaygroundStore) {
    for (const pick of [
      ({ source }: ReturnType<PlaygroundStore['get']>): unknown => source,
      ({ data }: ReturnType<PlaygroundStore['get']>): unknown => data,
      ({ target }: ReturnType<PlaygroundStore['get']>): unknown => target,
    ])
      page.on(pick, () => this.reset());
  }

  /** Trains until it is paused, or has done all epochs. */
  async train(): Promise<void> {
    await this.guarded(async (signal) => {
      if (!(await this.ready(signal))) return;
      this.store.set({ phase: 'running' });
      while (this.store.get().phase === 'running') {
        await this.advance({ milliseconds: portion }, signal);
        const now = performance.now();
        if (now - this.lookedAt > this.lookTook / share) await this.look(signal);
      }
      await this.look(signal);
    });
  }

  pause(): void {
    if (this.store.get().phase === 'running') this.store.set({ phase: 'paused' });
  }

  /** Makes so many steps, and shows what has become of everything. */
  async step(steps = 1): Promise<void> {
    await this.guarded(async (signal) => {
      if (this.store.get().phase === 'running' || !(await this.ready(signal))) return;
      await this.advance({ steps }, signal);
      await this.look(signal);
    });
  }

  /** Compiles and reads the data, so that all is shown as it is before the first step. */
  async prepare(): Promise<void> {
    await this.guarded(async (signal) => {
      if (await this.ready(signal)) await this.look(signal);
    });
  }

  /** Forgets the run. */
  reset(): void {
    this.calledOff.abort();
    this.calledOff = new AbortController();
    this.history.clear();
    this.lookTook = 0;
    this.store.set(fresh);
  }

  /** The checkpoint with the optimizer's part, of a fresh trainer where nothing has been trained. */
  async checkpoint(): Promise<Uint8Array | undefined> {
    return this.taken((signal) => this.asker.ask('save', [], signal));
  }

  /** The run as a project, a zip. */
  async project(): Promise<Uint8Array | undefined> {
    return this.taken((signal) => this.asker.ask('project', [this.page.get().source], signal));
  }

  private async taken(take: (signal: AbortSignal) => Promise<Uint8Array>): Promise<Uint8Array | undefined> {
    let made: Uint8Array | undefined;
    await this.guarded(async (signal) => {
      await this.preparing.catch(() => false);
      if (this.store.get().phase === 'finished' || (await this.ready(signal))) made = await take(signal);
    });
    return made;
  }

  async lookInside(isWanted: boolean): Promise<void> {
    this.looksInside = isWanted;
    const { phase } = this.store.get();
    if (isWanted && (phase === 'paused' || phase === 'finished')) await this.guarded((signal) => this.look(signal));
  }

  /** Is a run prepared, now or before? */
  private async ready(signal: AbortSignal): Promise<boolean> {
    const { phase } = this.store.get();
    if (phase === 'paused' || phase === 'running') return true;
    if (phase === 'preparing' || phase === 'finished') return false;
    this.preparing = this.prepared(signal);
    return this.preparing;
  }

  private async prepared(signal: AbortSignal): Promise<boolean> {
    this.store.set({ phase: 'preparing', failure: undefined });
    const source = await this.compiling(signal);
    const { data, target } = this.page.get();
    const prepared = await this.asker.ask('prepare', [{ source, data, target }], signal);
    this.history.begin(prepared.reports);
    this.store.set({ phase: 'paused', prepared });
    return true;
  }

  /** The text that compiles, once it is known whether there is one. */
  private compiling(signal: AbortSignal): Promise<Source> {
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        const { checked, compiles, source } = this.page.get();
        if (checked?.source !== source) return;
        forget();
        if (compiles === source) resolve(source);
        else reject(new Error('The model has errors, which stand below it.'));
      };
      const forget = this.page.on(({ checked }) => checked, settle);
      signal.addEventListener('abort', () => (forget(), reject(new CalledOff())), { once: true });
      settle();
    });
  }

  private async advance(paced: Paced, signal: AbortSignal): Promise<void> {
    const { steps, values, epoch, finished, validation } = await this.asker.ask('advance', [paced], signal);
    this.history.add(steps, values);
    const { made, latest, phase } = this.store.get();
    const first = values[0].findIndex((loss) => !Number.isFinite(loss));
    // It is said once; who trains on all the same is let.
    const isNew = first >= 0 && latest.every(Number.isFinite);
    this.store.set({
      epoch,
      made: steps.at(-1) ?? made,
      latest: steps.length > 0 ? values.map((each) => each.at(-1) ?? NaN) : latest,
      failure: isNew
        ? `The loss is ${values[0][first]} at step ${steps[first]}: try a lower learning rate.`
        : undefined,
      ...(isNew && phase === 'running' && { phase: 'paused' }),
      ...(validation && { validation }),
      ...(finished && { phase: 'finished' }),
    });
  }

  private async look(signal: AbortSignal): Promise<void> {
    const begun = performance.now();
    const look = await this.asker.ask('look', [], signal);
    this.store.set({ look });
    if (this.looksInside) this.store.set({ inside: await this.asker.ask('inside', [rowsInside], signal) });
    this.lookedAt = performance.now();
    this.lookTook = this.lookedAt - begun;
  }

  private async guarded(action: (signal: AbortSignal) => Promise<void>): Promise<void> {
    try {
      await action(this.calledOff.signal);
    } catch (error) {
      if (error instanceof CalledOff) return;
      this.store.set({ phase: 'failed', failure: error instanceof Error ? error.message : String(error) });
    }
  }
}
