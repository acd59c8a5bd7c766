// What the page knows: the model's text, what was found of it, and what is shown.
import type { Source } from '../../src/diagnostics/diagnostic.js';
import type { Target } from '../../src/targets.js';
import type { Checked } from './compiler/services/check.js';
import type { DataChoice } from './data/choice.js';
import type { PaneId } from './panes/registry.js';
import type { Store } from './page/store.js';

export interface State {
  /** The model as it stands in the editor. */
  readonly source: Source;
  /** What is said of it; of the text before while a new one is checked. */
  readonly checked?: Checked & { readonly source: Source };
  /** The last text that compiles: what panes show, and what is trained. */
  readonly compiles?: Source;
  readonly data: DataChoice;
  /** What training runs on. */
  readonly target: Target;
  readonly pane: PaneId;
  /** Lines of the model, from 1, that are lit: those that a pane or the editor points at. */
  readonly lit: Lit;
}

/** What a module can be for, as the page calls it. */
export const targetNames = {
  wasm: 'WebAssembly',
  wgsl: 'WebGPU',
  ts: 'TypeScript',
} as const satisfies Record<Target, string>;

export interface Lit {
  readonly lines: readonly number[];
  /** Who points: it need not light up what it points at itself. */
  readonly by: 'editor' | PaneId;
}

export type PlaygroundStore = Store<State>;
