// The playground: starts the editor, the workers and the pane that is shown, and keeps them in step.
import { Asker, CalledOff } from './compiler/ask.js';
import { editorIn } from './editor/editor.js';
import { exampleNamed, examples, type Example } from './examples/examples.js';
import { drawerOf } from './page/drawer.js';
import { shellIn } from './page/shell.js';
import { showPanes } from './page/showPanes.js';
import { storeOf } from './page/store.js';
import { applyTheme, nextTheme } from './page/theme.js';
import { showProblems } from './page/problems.js';
import { paneNamed } from './panes/registry.js';
import { addressOf, sharedIn, type Shared } from './share.js';
import type { State } from './state.js';
import { Session } from './training/session.js';
import './style.css';

/** Nobody has typed for so long, and the text is looked at: milliseconds. */
const quiet = 150;

const query = new URLSearchParams(location.search);
const embedded = query.has('embed');

async function opened(example: Example): Promise<Pick<State, 'source' | 'data'>> {
  const { default: text } = await example.load();
  return { source: { file: `${example.id}.nn`, text }, data: example.data };
}

async function start(): Promise<void> {
  applyTheme();
  const read = sharedIn(location.hash);
  const common = {
    target: 'wasm',
    lit: { lines: [], by: 'editor' },
    pane: paneNamed(query.get('pane')) ?? 'train',
  } as const;
  const initial: State =
    read.kind === 'shared'
      ? { ...common, ...stateOf(read.shared) }
      : { ...common, ...(await opened(exampleNamed(query.get('example')) ?? examples[0])) };
  const store = storeOf<State>(initial);
  const [typing, compiling] = [new Asker('typing'), new Asker('compiling')];

  const open = async (example: Example): Promise<void> => {
    store.set(await opened(example));
    editor.open(store.get().source.text);
    history.replaceState(null, '', `${location.pathname}${location.search}`);
    shell.say(`${example.title} is open`);
  };
  const drawer = drawerOf((example) => void open(example));
  const share = async (): Promise<void> => {
    const { source, data, pane, target } = store.get();
    history.replaceState(null, '', `#${addressOf({ ...source, data, pane, target })}`);
    if (embedded) return void window.open(location.href.replace(/\?[^#]*/, ''), '_blank', 'noopener');
    const copied = await navigator.clipboard?.writeText(location.href).then(
      () => true,
      () => false,
    );
    shell.say(copied ? 'The link is copied' : 'The link is in the address bar');
  };
  const shell = shellIn(
    document.body,
    store,
    {
      examples: () => drawer.showModal(),
      share: () => void share(),
      theme: () => shell.say(`Colours: ${nextTheme()}`),
    },
    embedded,
  );
  document.body.append(drawer);
  const editor = editorIn(shell.editor, initial.source.text, {
    changed: (text) => store.set({ source: { ...store.get().source, text } }),
    pointed: (line) => store.set({ lit: { lines: [line], by: 'editor' } }),
  });
  store.on(
    ({ lit }) => lit,
    ({ lines, by }) => editor.light(by === 'editor' ? [] : lines, true),
  );
  keepChecked();
  void extend();
  showPanes(shell, store, compiling, new Session(store));
  if (read.kind === 'damaged') shell.say(read.message);

  /** What the language server gives is loaded once the first text is checked, which shows first. */
  async function extend(): Promise<void> {
    await new Promise<void>((resolve) => {
      const forget = store.on(
        ({ checked }) => checked,
        () => (forget(), resolve()),
      );
    });
    try {
      const { language } = await import('./language/language.js');
      editor.extend(language(shell.say));
    } catch {
      shell.say('Completion and types could not be loaded: are you offline for the first time?');
    }
  }

  function keepChecked(): void {
    let timer = 0;
    let last = new AbortController();
    const check = async (): Promise<void> => {
      last.abort();
      last = new AbortController();
      const { source } = store.get();
      try {
        const checked = await typing.ask('check', [source], last.signal);
        store.set({ checked: { ...checked, source }, ...(checked.compiles && { compiles: source }) });
        editor.show(checked.problems);
        showProblems(shell.problems, checked.problems, editor.view);
      } catch (error) {
        if (!(error instanceof CalledOff)) shell.say(String(error));
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
}

function stateOf({ file, text, ...rest }: Shared): Pick<State, 'source' | 'data' | 'pane' | 'target'> {
  return { source: { file, text }, ...rest };
}

void start();
