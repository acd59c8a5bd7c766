// The playground: starts the editor, the workers and the pane that is shown, and keeps them in step.
import { Asker } from './compiler/ask.js';
import { keepChecked } from './editor/checking.js';
import { editorIn, type Editor } from './editor/editor.js';
import { examples, type Example } from './examples/examples.js';
import { areKept, tried } from './page/draft.js';
import { drawerOf } from './page/drawer.js';
import { keeperOf } from './page/keeping.js';
import { openedOf, openingOf, sharedOf } from './page/opening.js';
import { problemsIn } from './page/problems.js';
import { shellIn } from './page/shell.js';
import { showPanes } from './page/showPanes.js';
import { storeOf } from './page/store.js';
import { takeAwayDialog } from './page/takeAway.js';
import { applyTheme, nextTheme } from './page/theme.js';
import { addressOf, longest } from './share.js';
import type { PlaygroundStore, State } from './state.js';
import { Session } from './training/session.js';
import './style.css';

/** So long after the page began, milliseconds, it is at rest, and what is for later may be fetched. */
const rest = 3000;

async function start(): Promise<void> {
  applyTheme();
  const { state, embedded, message, written } = await openingOf(location);
  const store = storeOf(state);
  const [typing, compiling] = [new Asker('typing'), new Asker('compiling')];
  const training = new Session(store);
  const actions = {
    examples: () => drawer.showModal(),
    share: () => void share(),
    download: () => takeAway.showModal(),
    theme: () => shell.say(`Colours: ${nextTheme()}`),
  };
  const shell = shellIn(document.body, store, actions, embedded);
  const editor = editorIn(shell.editor, state.source.text, {
    changed: (text) => store.set({ source: { ...store.get().source, text } }),
    pointed: (line) => store.set({ lit: { lines: [line], by: 'editor' } }),
  });
  const keeper = embedded ? undefined : keeperOf(store, written);
  const show = (opened: Partial<State>, isWritten: boolean): void => {
    store.set(opened);
    editor.open(store.get().source.text);
    keeper?.opened(isWritten);
  };
  const open = async (example: Example): Promise<void> => {
    const opened = await openedOf(example);
    const { pane } = store.get();
    // What was written is one step back.
    keeper?.keep();
    const address = `${location.pathname}?example=${example.id}${pane === 'train' ? '' : `&pane=${pane}`}`;
    tried(() => history.pushState(null, '', address));
    show(opened, false);
    shell.say(`${example.title} is open`);
  };
  const share = async (): Promise<void> => {
    const shared = sharedOf(store.get());
    const address = areKept(shared) ? `#${addressOf(shared)}` : undefined;
    if (address === undefined || address.length > longest)
      return shell.say('The data are too large for a link: Download has all of it as a project');
    if (embedded) return void window.open(`${location.pathname}${address}`, '_blank', 'noopener');
    tried(() => history.replaceState(null, '', address));
    shell.say(
      (await isCopied(new URL(address, location.href).href)) ? 'The link is copied' : 'The link is in the address bar',
    );
  };
  const drawer = drawerOf('Examples', examples, (example) => void open(example));
  const takeAway = takeAwayDialog(store, compiling, training, shell.say);
  document.body.append(drawer, takeAway);
  store.on(
    ({ lit }) => lit,
    ({ lines, by }) => editor.light(by === 'editor' ? [] : lines, true),
  );
  const showProblems = problemsIn(shell.problems, editor.view);
  const told = ({ problems }: Parameters<Parameters<typeof keepChecked>[2]>[0]): void => {
    editor.show(problems);
    showProblems(problems);
  };
  keepChecked(store, typing, told, shell.say);
  void extended(store, editor, shell.say);
  showPanes(shell, store, compiling, training);
  if (message !== undefined) shell.say(message);
  // Back, forward, or another link in the same page.
  const reopen = async (): Promise<void> => {
    const next = await openingOf(location);
    show(next.state, next.written);
    if (next.message !== undefined) shell.say(next.message);
  };
  addEventListener('popstate', () => void reopen());
  keepOffline();
}

/** What the language server gives is loaded once the first text is checked, which shows first. */
async function extended(store: PlaygroundStore, editor: Editor, say: (message: string) => void): Promise<void> {
  await new Promise<void>((resolve) => {
    const forget = store.on(
      ({ checked }) => checked,
      () => (forget(), resolve()),
    );
  });
  try {
    const { language } = await import('./language/language.js');
    editor.extend(await language(say));
  } catch {
    say('Completion and types could not be loaded: are you offline for the first time?');
  }
}

/** Pages may be forbidden to write to the clipboard. */
function isCopied(text: string): Promise<boolean> {
  const { clipboard } = navigator as Partial<Navigator>;
  return clipboard
    ? clipboard.writeText(text).then(
        () => true,
        () => false,
      )
    : Promise.resolve(false);
}

/** All of the site is kept for times without a network. */
function keepOffline(): void {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return;
  const register = (): void => void navigator.serviceWorker.register('./sw.js').catch(() => undefined);
  setTimeout(register, rest);
}

void start();
