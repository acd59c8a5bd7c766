// Which groups a still picture shows open: those nearest to the whole, while what they hold can be taken in.
import type { StageGraph } from './data.js';
import { isGroup, type Group } from './tree.js';

/**
 * Paths of the groups that are open; opening one more would show more boxes than `most`. Kernels are open all or none.
 */
export function openedIn({ stage }: StageGraph, root: Group, most: number): Set<string> {
  if (stage === 'fused' && root.size > most) return new Set();
  const open = new Set<string>();
  let shown = root.children.length;
  let level = root.children.filter(isGroup);
  while (level.length > 0) {
    const next: Group[] = [];
    for (const group of level) {
      if (shown + group.children.length > most) continue;
      shown += group.children.length;
      open.add(group.path);
      next.push(...group.children.filter(isGroup));
    }
    level = next;
  }
  return open;
}
