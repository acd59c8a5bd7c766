// Shapes beside names, as the language server knows them: asked for once nobody types.
import { LSPPlugin } from '@codemirror/lsp-client';
import { StateEffect, StateField, type Extension } from '@codemirror/state';
import { Decoration, EditorView, ViewPlugin, WidgetType, type DecorationSet, type ViewUpdate } from '@codemirror/view';
import type { InlayHint } from 'vscode-languageserver';

/** Nobody has typed for so long: milliseconds. */
const quiet = 500;

export const toggleShapes = StateEffect.define<boolean>();

/** Are they shown? */
export const shapesShown = StateField.define<boolean>({
  create: () => false,
  update: (before, { effects }) => effects.filter((effect) => effect.is(toggleShapes)).at(-1)?.value ?? before,
});

const found = StateEffect.define<DecorationSet>();

const decorations = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(before, { changes, effects }) {
    const last = effects.filter((effect) => effect.is(found)).at(-1);
    return last ? last.value : before.map(changes);
  },
  provide: (field) => EditorView.decorations.from(field),
});

class ShapeWidget extends WidgetType {
  constructor(private readonly text: string) {
    super();
  }

  override eq(other: ShapeWidget): boolean {
    return other.text === this.text;
  }

  override toDOM(): HTMLElement {
    const shown = document.createElement('span');
    shown.className = 'shape';
    shown.textContent = this.text;
    return shown;
  }
}

const asking = ViewPlugin.fromClass(
  class {
    private timer = 0;

    constructor(view: EditorView) {
      this.later(view);
    }

    update({ docChanged, startState, state, view }: ViewUpdate): void {
      const toggled = startState.field(shapesShown) !== state.field(shapesShown);
      if (docChanged || toggled) this.later(view, toggled ? 0 : quiet);
    }

    destroy(): void {
      clearTimeout(this.timer);
    }

    private later(view: EditorView, milliseconds = quiet): void {
      clearTimeout(this.timer);
      this.timer = window.setTimeout(() => void this.ask(view), milliseconds);
    }

    private async ask(view: EditorView): Promise<void> {
      const { doc } = view.state;
      const shown = view.state.field(shapesShown) ? await shapesOf(view) : Decoration.none;
      if (view.state.doc === doc) view.dispatch({ effects: found.of(shown) });
    }
  },
);

async function shapesOf(view: EditorView): Promise<DecorationSet> {
  const plugin = LSPPlugin.get(view);
  if (!plugin) return Decoration.none;
  plugin.client.sync();
  const { doc } = view.state;
  const range = { start: plugin.toPosition(0), end: plugin.toPosition(doc.length) };
  const asked = { textDocument: { uri: plugin.uri }, range };
  const hints = await plugin.client.request<typeof asked, InlayHint[] | null>('textDocument/inlayHint', asked);
  const places = (hints ?? []).flatMap(({ position, label, paddingLeft = false }) =>
    typeof label === 'string'
      ? [{ at: plugin.fromPosition(position, doc), text: `${paddingLeft ? ' ' : ''}${label}` }]
      : [],
  );
  return Decoration.set(
    places.map(({ at, text }) => Decoration.widget({ widget: new ShapeWidget(text), side: 1 }).range(at)),
    true,
  );
}

export const shapes: Extension = [shapesShown, decorations, asking];
