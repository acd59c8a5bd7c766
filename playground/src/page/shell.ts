// The page's frame: a bar, the editor, and the panes beside it; on a narrow screen one of them at a time.
import { panes, type PaneId } from '../panes/registry.js';
import type { PlaygroundStore } from '../state.js';
import { button, element } from './elements.js';
import { tabsOf } from './tabs.js';

export interface Shell {
  readonly editor: HTMLElement;
  readonly panel: HTMLElement;
  /** What is said under the editor: what is wrong, or that nothing is. */
  readonly problems: HTMLElement;
  /** Says something for a while, aloud too. */
  say(message: string): void;
}

export interface Actions {
  readonly examples: () => void;
  readonly share: () => void;
  readonly download: () => void;
  readonly theme: () => void;
}

// The page's landmarks have names: pages within panes have landmarks of their own.
export function shellIn(body: HTMLElement, store: PlaygroundStore, actions: Actions, embedded: boolean): Shell {
  const editor = element('div', { class: 'editor' });
  const problems = element('div', { class: 'problems', role: 'status' });
  const panel = element('div', { class: 'panel', role: 'tabpanel', id: 'panel', tabindex: 0 });
  const narrow = matchMedia('(max-width: 899px)');
  const main = element('main', { 'aria-label': 'Playground' });
  const tabs = tabsOf([{ id: 'model', title: 'Model' }, ...panes], panel, (id) => {
    main.dataset.shown = id === 'model' ? 'model' : 'pane';
    if (id !== 'model') store.set({ pane: id as PaneId });
    show();
  });
  // On a wide screen the model is always there, and has no tab.
  const show = (): void => tabs.select(narrow.matches && main.dataset.shown === 'model' ? 'model' : store.get().pane);
  // On a narrow screen a link to a pane opens with it.
  main.dataset.shown = embedded || new URLSearchParams(location.search).has('pane') ? 'pane' : 'model';
  narrow.addEventListener('change', show);
  store.on(({ pane }) => pane, show);

  const said = element('p', { class: 'said', role: 'status' });
  let clear = 0;
  main.append(
    element('section', { class: 'model', 'aria-label': 'Model' }, editor, problems),
    element('section', { class: 'view', 'aria-label': 'Views' }, panel),
    staleNote(store),
  );
  body.append(barOf(store, actions, embedded), element('nav', { 'aria-label': 'Views' }, tabs.list), main, said);
  body.classList.toggle('embedded', embedded);
  show();
  return {
    editor,
    panel,
    problems,
    say(message) {
      said.textContent = message;
      clearTimeout(clear);
      clear = window.setTimeout(() => (said.textContent = ''), 3000 + 60 * message.length);
    },
  };
}

/** Views stay as they were while a text has errors, and are told to. */
function staleNote(store: PlaygroundStore): HTMLElement {
  const note = element('p', { class: 'stale', hidden: true });
  store.on(
    ({ checked, compiles }) => (!checked || checked.compiles ? '' : compiles ? 'before' : 'none'),
    (stale) => {
      note.hidden = stale === '';
      note.textContent =
        stale === 'before'
          ? 'The model has errors: this is of the text before them'
          : 'The model has errors: this view comes once it has none';
    },
  );
  return note;
}

function barOf(store: PlaygroundStore, actions: Actions, embedded: boolean): HTMLElement {
  const file = element('span', { class: 'file' }, store.get().source.file);
  store.on(
    ({ source }) => source.file,
    (name) => (file.textContent = name),
  );
  const title = element('h1', {}, 'nnc', element('span', {}, ' playground'));
  if (embedded)
    return element(
      'header',
      { class: 'bar', 'aria-label': 'Playground' },
      title,
      file,
      button('Open in the playground', actions.share, { class: 'quiet' }),
    );
  return element(
    'header',
    { class: 'bar', 'aria-label': 'Playground' },
    title,
    file,
    button('Examples', actions.examples),
    button('Share', actions.share),
    button('Download', actions.download),
    button('◐', actions.theme, {
      class: 'quiet',
      'aria-label': 'Colours: light, dark or as the system has them',
      title: 'Colours',
    }),
  );
}
