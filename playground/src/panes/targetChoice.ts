// The choice of the target that a pane tells of: at first that of training.
import { element } from '../page/elements.js';
import type { PaneContext } from './registry.js';

const targets = [
  ['wasm', 'WebAssembly'],
  ['ts', 'TypeScript'],
  ['wgsl', 'WebGPU'],
] as const;

export interface TargetChoice {
  readonly label: HTMLElement;
  chosen(): (typeof targets)[number][0];
}

export function targetChoice({ store, redo }: Pick<PaneContext, 'store' | 'redo'>): TargetChoice {
  const select = element(
    'select',
    { onchange: redo },
    ...targets.map(([value, words]) => element('option', { value }, words)),
  );
  const used = store.get().target;
  select.value = used === 'ts' || used === 'wasm' ? used : 'wgsl';
  return {
    label: element('label', {}, 'Target ', select),
    chosen: () => targets.find(([value]) => value === select.value)?.[0] ?? 'wasm',
  };
}
