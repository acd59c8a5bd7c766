// What the language server gives the editor: completion, types on hover, signatures, definitions, references, renaming, formatting, fixes and shapes.
import {
  findReferencesKeymap,
  formatDocument,
  formatKeymap,
  jumpToDefinition,
  jumpToDefinitionKeymap,
  renameKeymap,
  renameSymbol,
  serverCompletion,
  signatureHelp,
} from '@codemirror/lsp-client';
import type { Extension } from '@codemirror/state';
import { keymap, showPanel, type Command, type EditorView, type Panel } from '@codemirror/view';
import { button, element } from '../page/elements.js';
import { connected, modelUri } from './client.js';
import { fixMenu, showFixes } from './fixes.js';
import { hover } from './hover.js';
import './language.css';
import { libraryDialog } from './library.js';
import { shapes, shapesShown, toggleShapes } from './shapes.js';

/** `say` tells, for a while, what came of something that shows nothing else. Rejects where the server cannot be loaded. */
export async function language(say: (message: string) => void): Promise<Extension> {
  const client = await connected(libraryDialog);
  const fixes: Command = (view) => {
    void showFixes(view, () => say('There is nothing to mend or to change here'));
    return true;
  };
  return [
    client.plugin(modelUri, 'nn'),
    serverCompletion(),
    hover,
    signatureHelp(),
    shapes,
    fixMenu,
    keymap.of([
      ...formatKeymap,
      ...renameKeymap,
      ...jumpToDefinitionKeymap,
      ...findReferencesKeymap,
      { key: 'Mod-.', run: fixes, preventDefault: true },
    ]),
    showPanel.of((view) => barOf(view, fixes)),
  ];
}

/** The same by buttons, for who has no keys for it. */
function barOf(view: EditorView, fixes: Command): Panel {
  const press = (words: string, keys: string, run: Command): HTMLButtonElement =>
    button(
      words,
      () => {
        view.focus();
        run(view);
      },
      { class: 'quiet', title: keys },
    );
  const shown = button('Shapes', () => view.dispatch({ effects: toggleShapes.of(!view.state.field(shapesShown)) }), {
    class: 'quiet',
    'aria-pressed': 'false',
    title: 'The shapes of all names',
  });
  const dom = element(
    'div',
    { class: 'editor-bar', role: 'toolbar', 'aria-label': 'What the editor can do' },
    press('Format', 'Shift-Alt-F', formatDocument),
    press('Rename', 'F2', renameSymbol),
    press('Definition', 'F12', jumpToDefinition),
    press('Fixes', 'Ctrl-. or Cmd-.', fixes),
    shown,
  );
  return {
    dom,
    update: ({ state }) => shown.setAttribute('aria-pressed', String(state.field(shapesShown))),
  };
}
