// A value that changes, and who wants to know of it.

export interface Store<State> {
  get(): State;
  /** Changes some of it. Who listens is told once all is changed. */
  set(change: Partial<State>): void;
  /** Calls back whenever what is picked has become another value; what it gives ends that. */
  on<Picked>(pick: (state: State) => Picked, changed: (picked: Picked) => void): () => void;
}

export function storeOf<State extends object>(initial: State): Store<State> {
  let state = initial;
  const listeners = new Set<() => void>();
  return {
    get: () => state,
    set: (change) => {
      state = { ...state, ...change };
      for (const listener of listeners) listener();
    },
    on: (pick, changed) => {
      let last = pick(state);
      const listener = (): void => {
        const picked = pick(state);
        if (Object.is(picked, last)) return;
        last = picked;
        changed(picked);
      };
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
