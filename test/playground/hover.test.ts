// What the language server tells of a name, in a text that may have changed by the time it answers.
import { EditorState } from '@codemirror/state';
import type { EditorView } from '@codemirror/view';
import { expect, it } from 'vitest';
import { told } from '../../playground/src/language/hover.js';

const range = { start: { line: 1, character: 2 }, end: { line: 1, character: 6 } };
const text = 'model m {\n  loss = 1\n}\n';

/** An editor whose text becomes another one while the server thinks. */
function editorOf(later = text): EditorView {
  let state = EditorState.create({ doc: text });
  const client = {
    sync: () => undefined,
    request: () => {
      if (later !== text) state = EditorState.create({ doc: later });
      return Promise.resolve({ contents: { kind: 'markdown', value: 'what is minimised' }, range });
    },
  };
  const plugin = {
    client,
    uri: 'file:///model.nn',
    toPosition: () => range.start,
    fromPosition: ({ line, character }: typeof range.start, doc = state.doc) => doc.line(line + 1).from + character,
  };
  return {
    get state() {
      return state;
    },
    plugin: () => plugin,
  } as unknown as EditorView;
}

it('stands at the name', async () => {
  expect(await told(editorOf(), 13)).toMatchObject({ pos: 12, end: 16 });
});

it('of a text that is gone is not shown', async () => {
  expect(await told(editorOf('a'), 13)).toBeNull();
});
