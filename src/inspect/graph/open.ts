// Which groups a still picture shows open: those nearest to the whole, while what they hold can be taken in.
import type { StageGraph } from './data.js';
import { isGroup, type Group } from './tree.js';

/**
 * Paths of the groups that are open; opening one more would show more boxes than `most`. Kernels are open all or none;
 * one alone is open, as there is nothing else to see.
 */
export function openedIn({ stage }: StageGraph, root: Group, most: number): Set<string> {
  const [only, ...others] = root.children;
  if (stage === 'fused' && root.size > most && (others.length > 0 || !isGroup(only))) return new Set();
  const open = new Set<string>();
  let shown = root.children.length;
  let level = root.children.filter(isGroup);
  while (level.length > 0) {
    const next: Group[] = [];
    for (const group of level) {
      if (shown + group.children.length > most && shown > 1) continue;
      shown += group.children.length;
      open.add(group.path);
      next.push(...group.children.filter(isGroup));
    }
    level = next;
  }
  return open;
}
