// Keeps what is known of the text in step with it: once nobody has typed for a moment, a worker looks at it.
import { CalledOff, type Asker } from '../compiler/ask.js';
import type { Checked } from '../compiler/services/check.js';
import type { PlaygroundStore } from '../state.js';

/** Milliseconds. */
const quiet = 150;

export function keepChecked(
  store: PlaygroundStore,
  typing: Asker,
  told: (checked: Checked) => void,
  say: (message: string) => void,
): void {
  let timer = 0;
  let last = new AbortController();
  const check = async (): Promise<void> => {
    last.abort();
    last = new AbortController();
    const { source } = store.get();
    try {
      const checked = await typing.ask('check', [source], last.signal);
      store.set({ checked: { ...checked, source }, ...(checked.compiles && { compiles: source }) });
      told(checked);
    } catch (error) {
      if (!(error instanceof CalledOff)) say(error instanceof Error ? error.message : String(error));
    }
  };
  store.on(
    ({ source }) => source,
    () => {
      clearTimeout(timer);
      timer = window.setTimeout(() => void check(), quiet);
    },
  );
  void check();
}
