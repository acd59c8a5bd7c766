// The editor: the model's text, what is wrong with it, and the lines that a pane points at.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { bracketMatching, indentOnInput } from '@codemirror/language';
import { lintKeymap, setDiagnostics, type Diagnostic } from '@codemirror/lint';
import { highlightSelectionMatches, searchKeymap } from '@codemirror/search';
import { EditorState, StateEffect, StateField, type Extension } from '@codemirror/state';
import { Decoration, drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view';
import type { DecorationSet } from '@codemirror/view';
import type { Problem } from '../compiler/services/check.js';
import { nn } from './highlighting.js';

export interface Editor {
  readonly view: EditorView;
  /** Another text, without the way back to the one before. */
  open(text: string): void;
  show(problems: readonly Problem[]): void;
  light(lines: readonly number[], scroll: boolean): void;
}

interface Heard {
  readonly changed: (text: string) => void;
  /** The line of the cursor, from 1. */
  readonly pointed: (line: number) => void;
}

export function editorIn(parent: HTMLElement, text: string, heard: Heard, more: Extension = []): Editor {
  const listener = EditorView.updateListener.of(({ docChanged, selectionSet, state }) => {
    if (docChanged) heard.changed(state.doc.toString());
    if (selectionSet) heard.pointed(state.doc.lineAt(state.selection.main.head).number);
  });
  const extensions: Extension = [
    lineNumbers(),
    history(),
    drawSelection(),
    indentOnInput(),
    bracketMatching(),
    closeBrackets(),
    autocompletion(),
    highlightActiveLine(),
    highlightSelectionMatches(),
    EditorView.lineWrapping,
    EditorView.contentAttributes.of({ 'aria-label': 'The model', spellcheck: 'false', autocapitalize: 'off' }),
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
    more,
  ];
  const stateOf = (doc: string): EditorState => EditorState.create({ doc, extensions });
  const view = new EditorView({ parent, state: stateOf(text) });
  return {
    view,
    open: (doc) => view.setState(stateOf(doc)),
    show: (problems) =>
      view.dispatch(
        setDiagnostics(
          view.state,
          problems.map((each) => underlined(each, view)),
        ),
      ),
    light(lines, scroll) {
      const places = lines
        .filter((line) => line >= 1 && line <= view.state.doc.lines)
        .map((line) => view.state.doc.line(line).from)
        .sort((a, b) => a - b);
      const [first] = places;
      const scrolled =
        scroll && first !== undefined ? [EditorView.scrollIntoView(first, { y: 'nearest', yMargin: 40 })] : [];
      view.dispatch({ effects: [lit.of(places), ...scrolled] });
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

/** The starts of lines that are lit. */
const lit = StateEffect.define<readonly number[]>();
const litLine = Decoration.line({ class: 'lit' });

const litLines = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(before, { changes, effects }) {
    const last = effects.filter((effect) => effect.is(lit)).at(-1);
    return last ? Decoration.set(last.value.map((at) => litLine.range(at))) : before.map(changes);
  },
  provide: (field) => EditorView.decorations.from(field),
});
