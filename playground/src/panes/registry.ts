// The panes beside the editor: one file each, loaded when it is first opened.
//
// A pane's file exports `mount(element, context)`, which fills an empty element and gives `update`, called with the state whenever a text that
// compiles, the data or the target has changed (once right after mounting), and `destroy`, called when another pane takes its place. Work of the
// compiler's is a service (compiler/services.ts), asked by `context.ask('name', [arguments], signal)`: it runs in a worker, one question
// at a time, and an aborted one is given up (rejected with CalledOff). `signal` of update is aborted by the next update. Lines of the model that a pane
// points at are lit by `context.light(lines)`; what the editor points at comes through `context.store.on(({ lit }) => lit, …)`.
import type { Source } from '../../../src/diagnostics/diagnostic.js';
import type { Asker } from '../compiler/ask.js';
import type { PlaygroundStore, State } from '../state.js';
import type { Session } from '../training/session.js';

export interface PaneContext {
  readonly store: PlaygroundStore;
  readonly ask: Asker['ask'];
  /** The run: its state, and what begins and ends it. */
  readonly training: Session;
  /** Calls `update` again: what the pane is asked to show has changed. */
  readonly redo: () => void;
  /** Lights lines of the model, from 1; the first is brought into view. */
  readonly light: (lines: readonly number[]) => void;
  /** Says something for a while, aloud too. */
  readonly say: (message: string) => void;
}

/** What panes show: the last state whose text compiles. */
export interface PaneState extends State {
  readonly compiles: Source;
}

export interface Mounted {
  update(state: PaneState, signal: AbortSignal): void | Promise<void>;
  destroy(): void;
}

export interface Pane {
  readonly id: string;
  readonly title: string;
  readonly load: () => Promise<{ mount(element: HTMLElement, context: PaneContext): Mounted }>;
}

export const panes = [
  { id: 'train', title: 'Train', load: () => import('./train.js') },
  { id: 'gradient', title: 'Gradient', load: () => import('./derivation.js') },
  { id: 'graph', title: 'Graph', load: () => import('./graph.js') },
  { id: 'code', title: 'Code', load: () => import('./code.js') },
  { id: 'stages', title: 'Stages', load: () => import('./stages.js') },
  { id: 'cost', title: 'Cost', load: () => import('./cost.js') },
] as const satisfies readonly Pane[];

export type PaneId = (typeof panes)[number]['id'];

export function paneNamed(id: string | null | undefined): PaneId | undefined {
  return panes.find((pane) => pane.id === id)?.id;
}
