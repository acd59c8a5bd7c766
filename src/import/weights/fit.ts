// Whether what a checkpoint has under a name is what a layer keeps, in some dialect; and then which tensor is which.
import { placementOf, type Placement } from './axes.js';
import type { Instance, Kept } from './instances.js';
import { gatesOf, layouts, spellingsOf, type Dialect, type Spelling } from './layouts.js';
import type { Foreign } from './stored.js';

/** A tensor of theirs that goes to one of ours. */
export interface Binding {
  readonly ours: Kept;
  readonly theirs: Foreign;
  readonly placement: Placement;
  /** Added to what the one before gives. */
  readonly plus?: true;
}

/** A module of theirs that fits a layer of ours. */
export interface Fit {
  readonly instance: Instance;
  /** The parts of the names of its tensors that they have in common. */
  readonly module: readonly string[];
  readonly bindings: readonly Binding[];
}

const dialects: readonly Dialect[] = ['nnc', 'pytorch', 'gpt2', 'conv1d', 'keras', 'keras3'];

/** The tensors of a checkpoint by their names in parts. */
export class Names {
  private readonly byName: ReadonlyMap<string, Foreign>;
  private readonly children = new Map<string, Foreign[]>();
  /** Are layers called c_… stored as Hugging Face's Conv1D, [n, units]? Their products of queries, keys and values tell. */
  readonly isConv1d: boolean;

  constructor(readonly tensors: readonly Foreign[]) {
    this.byName = new Map(tensors.map((tensor) => [tensor.parts.join('/'), tensor]));
    for (const tensor of tensors) {
      const module = tensor.parts.slice(0, -1).join('/');
      this.children.set(module, [...(this.children.get(module) ?? []), tensor]);
    }
    this.isConv1d = tensors.some(
      ({ parts, shape }) => parts.slice(-2).join('/') === 'c_attn/weight' && shape[1] === 3 * shape[0],
    );
  }

  at(module: readonly string[], name: string): Foreign | undefined {
    return this.byName.get([...module, name].join('/'));
  }

  /** What stands right beneath a module. */
  beneath(module: readonly string[]): readonly Foreign[] {
    return this.children.get(module.join('/')) ?? [];
  }
}

/** What stands beside a layer's tensors and says nothing. */
const aside: ReadonlySet<string> = new Set(['num_batches_tracked', 'weight_u', 'weight_v']);

/** All modules that fit a layer. */
export function fitsOf(instance: Instance, names: Names): readonly Fit[] {
  if (instance.layer === undefined) return bareFits(instance, names);
  // Two dialects may say the same of a module.
  const found = dialects.flatMap((dialect) => layerFits(instance, dialect, names));
  const keyOf = ({ bindings }: Fit): string =>
    bindings.map(({ ours, theirs }) => `${ours.name} ${theirs.name}`).join('\n');
  return [...new Map(found.reverse().map((fit) => [keyOf(fit), fit])).values()].reverse();
}

function layerFits(instance: Instance, dialect: Dialect, names: Names): readonly Fit[] {
  const { layer = '', tensors } = instance;
  const spellings = spellingsOf(layer, dialect);
  const first = spellings?.[tensors[0].local]?.[0]?.name.split('/');
  if (!spellings || !first) return [];
  return names.tensors.flatMap(({ parts }) => {
    const module = parts.slice(0, -first.length);
    if (parts.length < first.length || first.some((part, i) => parts[module.length + i] !== part)) return [];
    const turned = names.isConv1d && parts.some((part) => part.startsWith('c_'));
    if ((dialect === 'conv1d') !== turned && ['pytorch', 'gpt2', 'conv1d'].includes(dialect)) return [];
    const bindings = tensors.map((kept) => bound(kept, spellings[kept.local] ?? [], { layer, dialect, module, names }));
    if (!bindings.every((each) => each !== undefined)) return [];
    const fit = { instance, module, bindings: bindings.flat() };
    const used = new Set(fit.bindings.map(({ theirs }) => theirs.name));
    const rest = [
      ...names.beneath(module),
      ...Object.values(spellings).flatMap((all) => all.flatMap(({ name }) => names.at(module, name) ?? [])),
    ];
    const known = rest.every(({ name, parts: of }) => used.has(name) || aside.has(of.at(-1) ?? ''));
    return known ? [fit] : [];
  });
}

function bound(
  ours: Kept,
  spellings: readonly Spelling[],
  { layer, dialect, module, names }: { layer: string; dialect: Dialect; module: readonly string[]; names: Names },
): readonly Binding[] | undefined {
  const found = spellings.map((spelling) => {
    const theirs = names.at(module, spelling.name);
    return theirs && bindingOf(ours, theirs, layer, dialect, spelling);
  });
  return found.length > 0 && found.every((each) => each !== undefined) ? found : undefined;
}

function bindingOf(
  ours: Kept,
  theirs: Foreign,
  layer: string,
  dialect: Dialect,
  spelling: Spelling,
): Binding | undefined {
  const placement = placementOf({
    ours: { axes: layouts.get(layer)?.ours[ours.local] ?? '', shape: ours.shape, gates: gatesOf(layer, 'nnc') },
    theirs: { spelling, shape: theirs.shape, gates: gatesOf(layer, dialect) },
  });
  return placement && { ours, theirs, placement, ...(spelling.plus && { plus: true as const }) };
}

/** A tensor that a model or a layer of the user's declares: of the same shape, by the same name beneath whatever module. */
function bareFits(instance: Instance, names: Names): readonly Fit[] {
  const [ours] = instance.tensors;
  const local = ours.name.slice(ours.name.lastIndexOf('.') + 1);
  return names.tensors.flatMap((theirs) => {
    if (theirs.parts.at(-1) !== local) return [];
    const placement = asItIs(ours, theirs);
    return placement ? [{ instance, module: theirs.parts, bindings: [{ ours, theirs, placement }] }] : [];
  });
}

/** By what the user says of two tensors: which axis of theirs each of ours is. */
export function asItIs(
  { shape }: Pick<Kept, 'shape'>,
  theirs: Pick<Foreign, 'shape'>,
  order: readonly number[] = shape.map((_, i) => i),
): Placement | undefined {
  const axes = shape.map((_, i) => `a${i}`);
  if (order.length !== shape.length || new Set(order).size !== shape.length) return undefined;
  // Axis i of ours is axis order[i] of theirs.
  const spelling = { axes: axes.map((_, at) => axes[order.indexOf(at)]).join(' ') };
  return placementOf({ ours: { axes: axes.join(' '), shape }, theirs: { spelling, shape: theirs.shape } });
}
