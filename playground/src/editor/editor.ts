// The editor: the model's text, what is wrong with it, and the lines that a pane points at.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { bracketMatching, indentOnInput } from '@codemirror/language';
import { lintKeymap, setDiagnostics, type Diagnostic } from '@codemirror/lint';
import { highlightSelectionMatches, searchKeymap } from '@codemirror/search';
import { Compartment, EditorState, type Extension } from '@codemirror/state';
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view';
import type { Problem } from '../compiler/services/check.js';
import { nn } from './highlighting.js';
import { linesLit, litLines } from './lit.js';

export interface Editor {
  readonly view: EditorView;
  /** Another text, without the way back to the one before. */
  open(text: string): void;
  show(problems: readonly Problem[]): void;
  light(lines: readonly number[], scroll: boolean): void;
  /** Adds what is loaded later. */
  extend(more: Extension): void;
}

interface Heard {
  readonly changed: (text: string) => void;
  /** The line of the cursor, from 1. */
  readonly pointed: (line: number) => void;
}

export function editorIn(parent: HTMLElement, text: string, heard: Heard): Editor {
  const later = new Compartment();
  let loaded: Extension = [];
  const listener = EditorView.updateListener.of(({ docChanged, selectionSet, state }) => {
    if (docChanged) heard.changed(state.doc.toString());
    if (selectionSet) heard.pointed(state.doc.lineAt(state.selection.main.head).number);
  });
  const extensions = (): Extension => [
    lineNumbers(),
    history(),
    drawSelection(),
    indentOnInput(),
    bracketMatching(),
    closeBrackets(),
    // As many at a time as stand below one another: what scrolls without having the focus is no list for who has no mouse.
    autocompletion({ maxRenderedOptions: 8 }),
    highlightActiveLine(),
    highlightSelectionMatches(),
    EditorView.lineWrapping,
    EditorView.contentAttributes.of({
      'aria-label': 'The model',
      'aria-description': 'Tab indents. Escape and then Tab leaves the editor.',
      spellcheck: 'false',
      autocapitalize: 'off',
    }),
    // Escape, then Tab leaves the editor: what CodeMirror does for who has no mouse.
    keymap.of([
      ...closeBracketsKeymap,
      ...completionKeymap,
      ...lintKeymap,
      ...searchKeymap,
      ...historyKeymap,
      ...defaultKeymap,
      indentWithTab,
    ]),
    nn,
    litLines,
    listener,
    later.of(loaded),
  ];
  const stateOf = (doc: string): EditorState => EditorState.create({ doc, extensions: extensions() });
  const view = new EditorView({ parent, state: stateOf(text) });
  return {
    view,
    open: (doc) => view.setState(stateOf(doc)),
    extend(more) {
      loaded = more;
      view.dispatch({ effects: later.reconfigure(more) });
    },
    show: (problems) =>
      view.dispatch(
        setDiagnostics(
          view.state,
          problems.map((each) => underlined(each, view)),
        ),
      ),
    light(lines, scroll) {
      const { doc } = view.state;
      const first = Math.min(...lines);
      const scrolled =
        scroll && first >= 1 && first <= doc.lines
          ? [EditorView.scrollIntoView(doc.line(first).from, { y: 'nearest', yMargin: 40 })]
          : [];
      view.dispatch({ effects: [linesLit.of(lines), ...scrolled] });
    },
  };
}

function underlined(problem: Problem, view: EditorView): Diagnostic {
  const length = view.state.doc.length;
  const [place = { start: 0, end: 0, text: '' }] = problem.labels;
  const { message, help, severity, notes, fix } = problem;
  const [from, to] = [place.start, place.end].map((at) => Math.min(at, length));
  const said = [message, place.text, ...notes, help === undefined ? '' : `help: ${help}`].filter((part) => part !== '');
  return {
    from,
    to,
    severity,
    message: said.join('\n'),
    ...(fix && {
      actions: [
        {
          name: fix.title,
          apply: (on) =>
            on.dispatch({ changes: fix.edits.map(({ start, end, text }) => ({ from: start, to: end, insert: text })) }),
        },
      ],
    }),
  };
}
