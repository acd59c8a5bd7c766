// A file of the library in a window of its own, at the definition that was asked for.
import { EditorState } from '@codemirror/state';
import { EditorView, lineNumbers } from '@codemirror/view';
import { nn } from '../editor/highlighting.js';
import { linesLit, litLines } from '../editor/lit.js';
import { button, element } from '../page/elements.js';

/** The view, which scrolls to what is selected in it; closing the window ends it. */
export function libraryDialog(uri: string, text: string): EditorView {
  const name = uri.replace(/^\w+:\/*/, '');
  const place = element('div', { class: 'library-text' });
  const dialog = element(
    'dialog',
    { class: 'library', 'aria-label': name },
    element(
      'header',
      {},
      element('h2', {}, name),
      button('Close', () => dialog.close()),
    ),
    place,
  );
  const view = new EditorView({
    parent: place,
    state: EditorState.create({
      doc: text,
      extensions: [
        lineNumbers(),
        nn,
        litLines,
        EditorState.readOnly.of(true),
        EditorView.contentAttributes.of({ 'aria-label': name, 'aria-readonly': 'true', inputmode: 'none' }),
        EditorView.lineWrapping,
        EditorView.updateListener.of(({ selectionSet, state }) => {
          const line = state.doc.lineAt(state.selection.main.head).number;
          if (selectionSet) queueMicrotask(() => view.dispatch({ effects: linesLit.of([line]) }));
        }),
      ],
    }),
  });
  dialog.addEventListener('close', () => {
    view.destroy();
    dialog.remove();
  });
  document.body.append(dialog);
  dialog.showModal();
  view.focus();
  return view;
}
