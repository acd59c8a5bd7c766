// What a model keeps, by the layers it belongs to: the ends of a match.
import { constantOf } from '../../ir/index.js';
import type { ModelGraph, ModelParameter, ModelState } from '../../ir/model.js';
import { layouts } from './layouts.js';

/** One of our tensors. */
export interface Kept {
  readonly name: string;
  /** What the layer calls it: W, or q.dense.W of a whole. */
  readonly local: string;
  readonly shape: readonly number[];
  readonly optional: boolean;
}

/** A layer with its tensors; without `layer`, a tensor that no layer of the library owns. */
export interface Instance {
  readonly path: string;
  readonly layer?: string;
  readonly tensors: readonly Kept[];
}

interface Owned extends Kept {
  readonly owners: ModelParameter['owners'];
}

/** The tensors of a model in the order of checkpoints. */
export function tensorsOf({ parameters, states }: ModelGraph): readonly Owned[] {
  return [...parameters, ...states].map(({ name, type, optional, owners }: ModelParameter | ModelState) => ({
    name,
    local: name.slice(name.lastIndexOf('.') + 1),
    shape: type.shape.map(({ size }) => constantOf(size) ?? 0),
    optional: optional === true,
    owners,
  }));
}

/** Wholes of several layers that a framework may keep as one. */
export function wholesOf(tensors: readonly Owned[]): readonly Instance[] {
  return grouped(tensors, ({ owners, name }) => {
    const whole = owners.find(({ layer, library }) => library && layouts.get(layer)?.whole === true);
    return whole && { path: whole.path, layer: whole.layer, local: name.slice(whole.path.length + 1) };
  }).filter(({ layer = '', tensors: own }) => own.every(({ local }) => local in (layouts.get(layer)?.ours ?? {})));
}

/** Layers one by one. */
export function singlesOf(tensors: readonly Owned[]): readonly Instance[] {
  return grouped(tensors, ({ owners, name, local }) => {
    const owner = owners.at(-1);
    return owner?.library && layouts.has(owner.layer)
      ? { path: owner.path, layer: owner.layer, local }
      : { path: name, local: '' };
  });
}

interface Group {
  readonly path: string;
  readonly layer?: string;
  readonly local: string;
}

function grouped(tensors: readonly Owned[], groupOf: (tensor: Owned) => Group | undefined): readonly Instance[] {
  const found = new Map<string, { path: string; layer?: string; tensors: Kept[] }>();
  for (const tensor of tensors) {
    const group = groupOf(tensor);
    if (!group) continue;
    const { path, layer, local } = group;
    const { name, shape, optional } = tensor;
    const instance = found.get(path) ?? { path, ...(layer !== undefined && { layer }), tensors: [] };
    instance.tensors.push({ name, local, shape, optional });
    found.set(path, instance);
  }
  return [...found.values()];
}

/** Does a checkpoint do without it? */
export function isOptional({ tensors }: Instance): boolean {
  return tensors.every(({ optional }) => optional);
}
