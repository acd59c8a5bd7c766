// Training: the data, the loss as it falls, and what the network makes of the data.
import { element } from '../page/elements.js';
import type { Mounted, PaneContext } from './registry.js';

export function mount(pane: HTMLElement, _: PaneContext): Mounted {
  pane.append(element('p', {}, 'training'));
  return { update: () => undefined, destroy: () => undefined };
}
