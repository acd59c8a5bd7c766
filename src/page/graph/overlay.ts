// Colours of boxes: the share that the kernels of a box have of what is asked for, or how large its derivative is.
import type { PageGroup, PageItem } from '../../inspect/graph/page.js';
import { element } from './elements.js';
import { data, type Pane } from './panes.js';

export const overlay = element('overlay', HTMLSelectElement);

/** How strongly the overlay colours a box: of an item, by the most of what it is at the stage that the overlay is about. */
export function share(pane: Pane, item: PageItem | undefined, group: PageGroup | undefined): number | undefined {
  const found = data.overlays[overlay.value];
  if (!found) return undefined;
  const { of, amounts } = found;
  const names = of === 'kernels' ? kernelsOf(pane, item, group) : item ? gradientsOf(pane, item) : [];
  const known = names.flatMap((name) => amounts[name] ?? []);
  return known.length === 0 ? undefined : Math.max(...known);
}

function kernelsOf(pane: Pane, item: PageItem | undefined, group: PageGroup | undefined): readonly string[] {
  if (pane.stage.stage === 'fused') return [group?.path ?? item?.kernel].filter((name) => name !== undefined);
  return (item?.links.fused ?? []).map((id) => id.slice(0, id.lastIndexOf('/')));
}

function gradientsOf(pane: Pane, item: PageItem): readonly string[] {
  return pane.stage.stage === 'backward' ? [item.id] : (item.links.backward ?? []);
}

/** Groups of kernels by what the overlay shows of them, the largest first; none where it is not about kernels. */
export function ranked({ groups }: Pane): readonly { readonly group: PageGroup; readonly part: number }[] {
  const found = data.overlays[overlay.value];
  if (found?.of !== 'kernels') return [];
  return [...groups.values()]
    .map((group) => ({ group, part: found.amounts[group.path] ?? 0 }))
    .filter(({ part }) => part > 0)
    .sort((a, b) => b.part - a.part);
}

/** How strongly a share is coloured: the largest is in full colour. */
export function warmth(part: number): number {
  const { amounts = {} } = data.overlays[overlay.value] ?? {};
  return part / Math.max(part, ...Object.values(amounts), Number.MIN_VALUE);
}

/** A share as people read it. */
export function percent(part: number): string {
  return `${(100 * part).toFixed(part < 0.1 ? 1 : 0)} %`;
}
