// What can be done at the cursor: fixes, silencing comments, a pipe made into a layer. A menu of the language server's code actions.
import { LSPPlugin } from '@codemirror/lsp-client';
import { StateEffect, StateField, type Extension } from '@codemirror/state';
import { showTooltip, type EditorView, type Tooltip } from '@codemirror/view';
import type { CodeAction } from 'vscode-languageserver';
import { element } from '../page/elements.js';

const menu = StateEffect.define<Tooltip | null>();

const shownMenu = StateField.define<Tooltip | null>({
  create: () => null,
  update(before, { effects, docChanged, selection }) {
    const last = effects.filter((effect) => effect.is(menu)).at(-1);
    return last ? last.value : docChanged || selection ? null : before;
  },
  provide: (field) => showTooltip.from(field),
});

export const fixMenu: Extension = shownMenu;

/** Asks for what can be done with the selection, and shows it; `none` is called where that is nothing. */
export async function showFixes(view: EditorView, none: () => void): Promise<void> {
  const plugin = LSPPlugin.get(view);
  if (!plugin) return none();
  plugin.client.sync();
  const { from, to } = view.state.selection.main;
  const asked = {
    textDocument: { uri: plugin.uri },
    range: { start: plugin.toPosition(from), end: plugin.toPosition(to) },
    context: { diagnostics: [] },
  };
  const { doc } = view.state;
  const actions = await plugin.client.request<typeof asked, CodeAction[] | null>('textDocument/codeAction', asked);
  if (view.state.doc !== doc) return;
  if (!actions || actions.length === 0) return none();
  view.dispatch({ effects: menu.of({ pos: from, create: () => ({ dom: menuOf(view, plugin, actions) }) }) });
  view.dom.querySelector<HTMLElement>('.fixes [role="menuitem"]')?.focus();
}

function menuOf(view: EditorView, plugin: LSPPlugin, actions: readonly CodeAction[]): HTMLElement {
  const close = (): void => {
    view.dispatch({ effects: menu.of(null) });
    view.focus();
  };
  const items = actions.map((action) =>
    element(
      'button',
      {
        type: 'button',
        role: 'menuitem',
        tabindex: -1,
        onclick: () => {
          close();
          apply(view, plugin, action);
        },
      },
      action.title,
    ),
  );
  const list = element('div', { role: 'menu', class: 'fixes', 'aria-label': 'What can be done here' }, ...items);
  list.addEventListener('keydown', (event) => {
    const at = items.findIndex((item) => item === document.activeElement);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
    if (next !== undefined) items[(next + items.length) % items.length].focus();
    else if (event.key === 'Escape' || event.key === 'Tab') close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  return list;
}

function apply(view: EditorView, plugin: LSPPlugin, { edit }: CodeAction): void {
  const changes = (edit?.changes?.[plugin.uri] ?? []).map(({ range, newText }) => ({
    from: plugin.fromPosition(range.start),
    to: plugin.fromPosition(range.end),
    insert: newText,
  }));
  view.dispatch({ changes, userEvent: 'input.fix' });
}
