// Mounts the pane that is chosen, and tells it what has changed.
import { CalledOff, type Asker } from '../compiler/ask.js';
import { panes, type Mounted, type PaneContext, type PaneState } from '../panes/registry.js';
import type { PlaygroundStore } from '../state.js';
import type { Session } from '../training/session.js';
import { element } from './elements.js';
import type { Shell } from './shell.js';

export function showPanes(
  { panel, say }: Pick<Shell, 'panel' | 'say'>,
  store: PlaygroundStore,
  compiling: Asker,
  training: Session,
): void {
  let mounted: Mounted | undefined;
  let asking = new AbortController();

  const failed = (error: unknown): void => {
    if (error instanceof CalledOff) return;
    panel.querySelector('.pane-failed')?.remove();
    panel.prepend(
      element(
        'p',
        { class: 'failed pane-failed', role: 'alert' },
        error instanceof Error ? error.message : String(error),
      ),
    );
  };
  const update = async (): Promise<void> => {
    asking.abort();
    asking = new AbortController();
    const { signal } = asking;
    const { compiles, ...state } = store.get();
    if (!mounted || !compiles) return;
    panel.setAttribute('aria-busy', 'true');
    try {
      const whole: PaneState = { ...state, compiles };
      await mounted.update(whole, signal);
      panel.querySelector('.pane-failed')?.remove();
    } catch (error) {
      failed(error);
    } finally {
      if (!signal.aborted) panel.setAttribute('aria-busy', 'false');
    }
  };
  const open = async (): Promise<void> => {
    const { pane } = store.get();
    const { load, id } = panes.find((each) => each.id === pane) ?? panes[0];
    mounted?.destroy();
    mounted = undefined;
    panel.replaceChildren();
    panel.dataset.pane = id;
    try {
      const { mount } = await load();
      if (store.get().pane !== pane) return;
      const context: PaneContext = {
        store,
        ask: (name, asked, signal) => compiling.ask(name, asked, signal),
        training,
        say,
        redo: () => void update(),
        light: (lines) => store.set({ lit: { lines, by: id } }),
      };
      mounted = mount(panel, context);
      await update();
    } catch {
      say('This part of the playground could not be loaded: are you offline for the first time?');
    }
  };
  store.on(
    ({ pane }) => pane,
    () => void open(),
  );
  for (const pick of [
    ({ compiles }: { readonly compiles?: unknown }) => compiles,
    ({ data }: { readonly data: unknown }) => data,
    ({ target }: { readonly target: unknown }) => target,
  ])
    store.on(pick as (state: object) => unknown, () => void update());
  void open();
}
