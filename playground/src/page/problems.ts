// What is said under the editor: each error and warning as a button that goes to its place.
import { EditorView } from '@codemirror/view';
import type { Problem } from '../compiler/services/check.js';
import { element } from './elements.js';

export function showProblems(place: HTMLElement, problems: readonly Problem[], view: EditorView): void {
  const items = problems.map(({ severity, message, labels: [label], help }) =>
    element(
      'button',
      {
        type: 'button',
        class: `problem ${severity}`,
        onclick: () => {
          const at = Math.min(label?.start ?? 0, view.state.doc.length);
          view.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: 'center' }) });
          view.focus();
        },
      },
      element('span', { class: 'where' }, `line ${label?.line ?? 1}`),
      ` ${message}`,
      help !== undefined && element('span', { class: 'help' }, help),
    ),
  );
  place.replaceChildren(...(items.length > 0 ? items : [element('p', { class: 'fine' }, 'No problems')]));
}
