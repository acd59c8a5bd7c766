// Colours for code of every target: comments, strings, numbers and words are the same in TypeScript, WGSL and WebAssembly's text, or nearly so.
import { HighlightStyle, StreamLanguage, syntaxHighlighting } from '@codemirror/language';
import type { Extension } from '@codemirror/state';
import { commonColours } from '../editor/highlighting.js';

const words = new Set(
  (
    'const let var function export import return if else for while switch case break continue new await async of in class interface type throw ' +
    'fn struct override loop func param result local global memory block then end module call'
  ).split(' '),
);
const kinds = new Set(
  'number string boolean void Float32Array Int32Array Uint8Array Uint32Array f32 f64 i32 u32 f16 i64 v128 bool array vec4 vec2 atomic'.split(
    ' ',
  ),
);

const language = StreamLanguage.define<{ comment: boolean }>({
  name: 'generated',
  startState: () => ({ comment: false }),
  token(stream, state) {
    if (state.comment) {
      state.comment = !stream.match(/.*?\*\//);
      if (state.comment) stream.skipToEnd();
      return 'comment';
    }
    if (stream.match('/*')) {
      state.comment = true;
      return 'comment';
    }
    if (stream.match(/^(?:\/\/|;;).*/)) return 'comment';
    if (stream.match(/^(?:"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?)/)) return 'string';
    if (stream.match(/^-?(?:0x[\da-f]+|\d[\d_]*\.?\d*(?:e[+-]?\d+)?)[fu]?/i)) return 'number';
    const word = stream.match(/^[A-Za-z_$][\w$]*/);
    if (word) {
      const [text] = word as RegExpMatchArray;
      return words.has(text) ? 'keyword' : kinds.has(text) ? 'className' : null;
    }
    stream.next();
    return null;
  },
});

export const generatedCode: Extension = [language, syntaxHighlighting(HighlightStyle.define(commonColours))];
