// What the language server tells of a name when the pointer rests on it.
import { LSPPlugin } from '@codemirror/lsp-client';
import type { Extension } from '@codemirror/state';
import { hoverTooltip, type EditorView, type Tooltip } from '@codemirror/view';
import type { Hover } from 'vscode-languageserver';
import { element } from '../page/elements.js';

/** As the client's own, but for answers that come once the text is another one: their places may lie beyond its end. */
export const hover: Extension = hoverTooltip(told, { hideOn: ({ docChanged }) => docChanged });

/** Of the place `at`; nothing where the text has changed meanwhile. */
export async function told(view: EditorView, at: number): Promise<Tooltip | null> {
  const plugin = LSPPlugin.get(view);
  if (!plugin) return null;
  plugin.client.sync();
  const { doc } = view.state;
  const asked = { textDocument: { uri: plugin.uri }, position: plugin.toPosition(at, doc) };
  const found = await plugin.client.request<typeof asked, Hover | null>('textDocument/hover', asked);
  if (!found || view.state.doc !== doc) return null;
  const { contents, range } = found;
  if (typeof contents === 'string' || !('kind' in contents)) return null;
  return {
    pos: range ? plugin.fromPosition(range.start, doc) : at,
    end: range ? plugin.fromPosition(range.end, doc) : at,
    above: true,
    create() {
      const dom = element('div', { class: 'cm-lsp-hover-tooltip cm-lsp-documentation' });
      // Cleaned by the client: clean.ts.
      dom.innerHTML = plugin.docToHTML(contents);
      return { dom };
    },
  };
}
