// Lines that are lit in a view of text.
import { StateEffect, StateField } from '@codemirror/state';
import { Decoration, EditorView, type DecorationSet } from '@codemirror/view';

/** Lights these lines, from 1, and no others; those beyond the text are passed over. */
export const linesLit = StateEffect.define<readonly number[]>();

const litLine = Decoration.line({ class: 'lit' });

export const litLines = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(before, { changes, effects, state: { doc } }) {
    const last = effects.filter((effect) => effect.is(linesLit)).at(-1);
    if (!last) return before.map(changes);
    const there = last.value.filter((line) => line >= 1 && line <= doc.lines);
    return Decoration.set(
      there.map((line) => litLine.range(doc.line(line).from)),
      true,
    );
  },
  provide: (field) => EditorView.decorations.from(field),
});
