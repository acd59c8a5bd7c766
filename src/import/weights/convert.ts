// Checkpoints of other frameworks become ours, and ours theirs: what a match says, done to the numbers.
import type { Tensor } from '../../codegen/runtime/safetensors.js';
import type { ModelGraph } from '../../ir/model.js';
import { eachPlace, isStraight, placementOf, type Placement } from './axes.js';
import type { Binding } from './fit.js';
import { singlesOf, tensorsOf, type Instance } from './instances.js';
import { gatesOf, layouts, spellingsOf } from './layouts.js';
import type { Match } from './match.js';
import { bytesOf, numbersOf, requireRange, type Checkpoint, type Written } from './stored.js';

/** Our tensors with their numbers; those that nothing goes to are left out. */
export function tensorsFrom(checkpoint: Checkpoint, { bindings }: Match): readonly Tensor[] {
  const made = new Map<string, Tensor & { readonly data: Float32Array }>();
  for (const { ours, theirs, placement, plus } of bindings) {
    const numbers = numbersOf(checkpoint, theirs);
    const { name, shape } = ours;
    const known = made.get(name) ?? { name, shape, data: new Float32Array(shape.reduce((n, size) => n * size, 1)) };
    made.set(name, known);
    const { data } = known;
    if (!plus) eachPlace(placement, (own, other) => (data[own] = numbers[other]));
    // A sum with 0 is the other, to the bit.
    else
      eachPlace(placement, (own, other) => (data[own] = numbers[other] === 0 ? data[own] : data[own] + numbers[other]));
  }
  return [...made.values()];
}

type NumbersOf = (name: string) => Float32Array | undefined;

/**
 * A file of theirs with our numbers in it, those of `source`: names, shapes and types stay, and so does what is none of ours. Throws a Fault
 * where a number is too large for its type there.
 */
export function tensorsInto(
  checkpoint: Checkpoint,
  { bindings }: Match,
  ours: NumbersOf,
  source: string,
): readonly Written[] {
  return checkpoint.tensors.map((theirs): Written => {
    const { name, dtype, shape, from, to } = theirs;
    const own = bindings.filter((binding) => binding.theirs.name === name);
    if (own.length === 0) return { name, dtype, shape, bytes: checkpoint.bytes.subarray(from, to) };
    const numbers = numbersOf(checkpoint, theirs);
    for (const binding of own) putInto(numbers, binding, ours(binding.ours.name));
    requireRange(numbers, dtype, source, name);
    return { name, dtype, shape, bytes: bytesOf(numbers, dtype) };
  });
}

function putInto(numbers: Float32Array, { placement, plus }: Binding, data: Float32Array | undefined): void {
  if (!data) return;
  eachPlace(placement, (own, other) => (numbers[other] = plus ? 0 : data[own]));
}

/** How a tensor of ours is called and laid out in PyTorch. */
export interface Rendering {
  readonly ours: string;
  readonly theirs: string;
  readonly shape: readonly number[];
  readonly placement: Placement;
  readonly plus?: true;
}

/**
 * By the model's own names, with what PyTorch calls the tensors of each layer; `renamed` says what tensors, or layers, of ours are called
 * instead.
 */
export function renderings(model: ModelGraph, renamed: ReadonlyMap<string, string>): readonly Rendering[] {
  return singlesOf(tensorsOf(model)).flatMap((instance) => {
    const stem = renamed.get(instance.path);
    return renderingsOf(instance, stem).map((each) => ({ ...each, theirs: renamed.get(each.ours) ?? each.theirs }));
  });
}

function renderingsOf({ path, layer, tensors }: Instance, stem = stemOf(path, layer)): readonly Rendering[] {
  const spellings = layer === undefined ? undefined : spellingsOf(layer, 'pytorch');
  return tensors.flatMap(({ name, local, shape }): readonly Rendering[] => {
    const layout = layouts.get(layer ?? '');
    const own = layout?.ours[local];
    const spelled = own === undefined ? undefined : spellings?.[local];
    if (own === undefined || !spelled) return [{ ours: name, theirs: name, shape, placement: straight(shape) }];
    return spelled.flatMap((spelling): readonly Rendering[] => {
      const gates = gatesOf(layer ?? '', 'nnc');
      const wanted = shapeOf(spelling.axes, own, shape, gates?.length);
      const placement = placementOf({
        ours: { axes: own, shape, gates },
        theirs: { spelling, shape: wanted, gates: gatesOf(layer ?? '', 'pytorch') },
      });
      const theirs = `${stem}.${spelling.name.replaceAll('/', '.').replace(/^(weight|bias)_([ih]h)$/, '$1_$2_l0')}`;
      return placement
        ? [{ ours: name, theirs, shape: wanted, placement, ...(spelling.plus && { plus: true as const }) }]
        : [];
    });
  });
}

/** Adapters are called after the layer that they stand beside. */
function stemOf(path: string, layer: string | undefined): string {
  return layer === 'of_low_rank' ? path.replace(/\.lora$/, '') : path;
}

/** The axes of PyTorch's tensor are ours in another order: each group of names has the size that it has here. */
function shapeOf(theirs: string, ours: string, shape: readonly number[], gates = 1): readonly number[] {
  const groups = (axes: string): readonly string[] => axes.match(/\([^)]*\)|\S+/g) ?? [];
  const sizes = new Map(groups(ours).map((group, i) => [group, shape[i]]));
  return groups(theirs).map((group) => sizes.get(group) ?? gates);
}

function straight(shape: readonly number[]): Placement {
  const axes = shape.map((_, i) => `a${i}`).join(' ');
  const found = placementOf({ ours: { axes, shape }, theirs: { spelling: { axes }, shape } });
  if (!found) throw new Error('a shape fits itself');
  return found;
}

/** Our numbers by PyTorch's names. */
export function tensorsAsPytorch(made: readonly Rendering[], ours: NumbersOf): readonly Written[] {
  return made.flatMap(({ ours: name, theirs, shape, placement, plus }): readonly Written[] => {
    const data = ours(name);
    if (!data) return [];
    const numbers = new Float32Array(data.length);
    eachPlace(placement, (own, other) => (numbers[other] = plus ? 0 : data[own]));
    return [{ name: theirs, dtype: 'F32', shape, bytes: bytesOf(numbers, 'F32') }];
  });
}

/** What happens to numbers on the way, in a few words; nothing where they go as they are. */
export function changeOf({ placement, theirs, plus, ours }: Binding): string {
  const part = placement.offset > 0 || theirs.shape.reduce((n, size) => n * size, 1) > elements(ours.shape);
  const words = [
    ...(plus ? ['added'] : []),
    ...(part ? ['a part'] : []),
    ...(isStraight(placement)
      ? []
      : [placement.theirs.some((of) => typeof of !== 'number') ? 'gates and axes' : 'transposed']),
    ...(theirs.dtype === 'F32' ? [] : [theirs.dtype.toLowerCase()]),
  ];
  return words.join(', ');
}

function elements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
