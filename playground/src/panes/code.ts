// The emitted code in each target, with the lines that belong together lit on both sides: pointing at a line of the model lights what comes of it,
// pointing at code lights the lines that it comes of.
import { EditorState } from '@codemirror/state';
import { EditorView, lineNumbers, type ViewUpdate } from '@codemirror/view';
import { search, searchKeymap } from '@codemirror/search';
import { keymap } from '@codemirror/view';
import type { Listing, ListingKind } from '../compiler/services/listing.js';
import { linesLit, litLines } from '../editor/lit.js';
import { element } from '../page/elements.js';
import { generatedCode } from './codeColours.js';
import type { Mounted, PaneContext } from './registry.js';
import './panes.css';

const kinds: readonly (readonly [ListingKind, string])[] = [
  ['ts', 'TypeScript'],
  ['wat', 'WebAssembly, as text'],
  ['wasm', 'WebAssembly, the module'],
  ['wgsl', 'WebGPU'],
];

export function mount(pane: HTMLElement, { ask, light, redo, store }: PaneContext): Mounted {
  let listing: Listing | undefined;
  let told = 0;
  const kind = element(
    'select',
    { onchange: redo },
    ...kinds.map(([value, words]) => element('option', { value }, words)),
  );
  const count = element('span', { class: 'soft' });
  const place = element('div', { class: 'code' });
  pane.append(element('div', { class: 'tools' }, element('label', {}, 'Code ', kind), count), place);

  /** Lights the lines of the model that a line of the code comes of. */
  const point = (generated: number): void => {
    const lines = listing ? linesFor(listing, generated) : [];
    if (lines.length === 0 || generated === told) return;
    told = generated;
    light(lines);
    view.dispatch({ effects: linesLit.of(generatedBy(listing, lines)) });
  };
  const view = new EditorView({
    parent: place,
    state: EditorState.create({
      extensions: [
        lineNumbers(),
        search({ top: true }),
        keymap.of(searchKeymap),
        EditorState.readOnly.of(true),
        EditorView.contentAttributes.of({
          'aria-label': 'The emitted code',
          'aria-readonly': 'true',
          inputmode: 'none',
          tabindex: '0',
          spellcheck: 'false',
        }),
        generatedCode,
        litLines,
        EditorView.updateListener.of(({ selectionSet, docChanged, state }: ViewUpdate) => {
          if (selectionSet && !docChanged) point(state.doc.lineAt(state.selection.main.head).number);
        }),
        EditorView.domEventHandlers({
          mousemove(event, of) {
            const at = of.posAtCoords({ x: event.clientX, y: event.clientY });
            if (at !== null) point(of.state.doc.lineAt(at).number);
          },
        }),
      ],
    }),
  });

  /** What comes of the lines that the editor points at, brought into view. */
  const follow = (): void => {
    const { lit } = store.get();
    if (!listing || lit.by !== 'editor') return;
    told = 0;
    const generated = generatedBy(listing, lit.lines);
    const first = generated.at(0);
    const scrolled =
      first === undefined
        ? []
        : [EditorView.scrollIntoView(view.state.doc.line(first).from, { y: 'start', yMargin: 60 })];
    view.dispatch({ effects: [linesLit.of(generated), ...scrolled] });
  };
  const forget = store.on(({ lit }) => lit, follow);
  return {
    async update({ compiles }, signal) {
      const chosen = kinds.find(([value]) => value === kind.value)?.[0] ?? 'ts';
      const found = await ask('listing', [compiles, chosen], signal);
      if (!found) return;
      listing = found;
      told = 0;
      const top = view.scrollDOM.scrollTop;
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: found.code } });
      view.scrollDOM.scrollTop = top;
      count.textContent = `${view.state.doc.lines.toLocaleString('en')} lines, ${found.kernels.length} kernels`;
      follow();
    },
    destroy() {
      forget();
      view.destroy();
    },
  };
}

/** The lines of the model that a line of the code comes of: its own one, else those of its kernel. */
function linesFor({ origins, kernels }: Listing, generated: number): readonly number[] {
  const own = origins.flatMap(([at, line]) => (at === generated ? [line] : []));
  if (own.length > 0) return own;
  return kernels.find(({ from, to }) => from <= generated && generated <= to)?.lines ?? [];
}

/** The lines of the code that come of lines of the model: single ones, or where those are not known whole kernels. */
function generatedBy(listing: Listing | undefined, lines: readonly number[]): number[] {
  if (!listing) return [];
  const wanted = new Set(lines);
  const own = listing.origins.flatMap(([generated, line]) => (wanted.has(line) ? [generated] : []));
  if (own.length > 0) return own.sort((a, b) => a - b);
  return listing.kernels
    .filter((kernel) => kernel.lines.some((line) => wanted.has(line)))
    .flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, i) => from + i));
}
