// The emitted module, in the target that is chosen.
import { element } from '../page/elements.js';
import type { Mounted, PaneContext } from './registry.js';

export function mount(pane: HTMLElement, { ask }: PaneContext): Mounted {
  const text = element('code');
  pane.append(element('pre', { class: 'listing', tabindex: 0 }, text));
  return {
    async update({ compiles, target }, signal) {
      text.textContent = (await ask('emit', [compiles, { target }], signal)) ?? '';
    },
    destroy: () => undefined,
  };
}
