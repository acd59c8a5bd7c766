// Keeps the address and the draft in step with the page, so that reloading it, and going back and forward, show what was there.
import type { PlaygroundStore, State } from '../state.js';
import { keepDraft, tried } from './draft.js';
import { sharedOf } from './opening.js';

/** So long after the last change, milliseconds: browsers let a page change its address about thrice a second. */
const quiet = 500;

export interface Keeper {
  /** Another model is open: `written`, not as an example or a link has it. */
  opened(written: boolean): void;
  /** Keeps now what is written. */
  keep(): void;
}

/** Once the text or the data are others than those that were opened, all is kept as a draft; before that the address alone is, with the view. */
export function keeperOf(store: PlaygroundStore, written: boolean): Keeper {
  let timer = 0;
  let opened: Pick<State, 'source' | 'data'> | undefined = written ? undefined : store.get();
  const keep = (): void => {
    if (timer === 0) return;
    clearTimeout(timer);
    timer = 0;
    keepDraft(sharedOf(store.get()));
  };
  const changed = (): void => {
    const state = store.get();
    if (opened?.source.text === state.source.text && opened.data === state.data) return;
    opened = undefined;
    clearTimeout(timer);
    timer = window.setTimeout(keep, quiet);
  };
  const seen = (pane: string): void => {
    if (!opened) return changed();
    const address = new URL(location.href);
    // A link has its view within it.
    if (address.hash !== '') return;
    address.searchParams.set('pane', pane);
    tried(() => history.replaceState(history.state, '', address));
  };
  store.on(({ source }) => source.text, changed);
  store.on(({ data }) => data, changed);
  store.on(
    ({ target }) => target,
    () => opened || changed(),
  );
  store.on(({ pane }) => pane, seen);
  addEventListener('pagehide', keep);
  return {
    opened(isWritten) {
      clearTimeout(timer);
      timer = 0;
      opened = isWritten ? undefined : store.get();
    },
    keep,
  };
}
