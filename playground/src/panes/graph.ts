// The model as boxes and edges at each stage of its compilation: the page of `nnc graph`, in step with the editor's lines.
import { frameIn } from './framePane.js';
import type { Mounted, PaneContext } from './registry.js';

/** Texts of more characters are drawn without the sizes of gradients, which take long to work out. */
const small = 1500;

export function mount(pane: HTMLElement, context: PaneContext): Mounted {
  const frame = frameIn(pane, 'The graphs of the model', '#pane-source', context);
  return {
    async update({ compiles, data }, signal) {
      const html = await context.ask('graph', [compiles, data, compiles.text.length <= small], signal);
      if (html !== undefined) frame.show(html);
    },
    destroy: () => frame.destroy(),
  };
}
