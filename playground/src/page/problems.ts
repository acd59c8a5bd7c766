// What is said under the editor: each error and warning as a button that goes to its place.
import { EditorView } from '@codemirror/view';
import type { Problem } from '../compiler/services/check.js';
import { element } from './elements.js';

/** What shows problems. Where the same is said as before nothing is touched, and so nothing read aloud again after each pause in typing. */
export function problemsIn(place: HTMLElement, view: EditorView): (problems: readonly Problem[]) => void {
  let last: readonly Problem[] = [];
  const go = (i: number): void => {
    const at = Math.min(last[i]?.labels[0]?.start ?? 0, view.state.doc.length);
    view.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: 'center' }) });
    view.focus();
  };
  return (problems) => {
    last = problems;
    const shown =
      problems.length > 0
        ? problems.map((problem, i) => problemOf(problem, () => go(i)))
        : [element('p', { class: 'fine' }, 'No problems')];
    if (textOf(shown) !== textOf(place.children)) place.replaceChildren(...shown);
  };
}

function problemOf({ severity, message, labels: [label], help }: Problem, go: () => void): HTMLElement {
  return element(
    'button',
    { type: 'button', class: `problem ${severity}`, onclick: go },
    element('span', { class: 'where' }, `line ${label?.line ?? 1}`),
    ` ${message}`,
    help !== undefined && element('span', { class: 'help' }, help),
  );
}

function textOf(elements: Iterable<Element>): string {
  return Array.from(elements, ({ className, textContent }) => `${className} ${textContent}`).join('\n');
}
