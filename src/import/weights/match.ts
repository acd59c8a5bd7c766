// Which tensors of a checkpoint go to which of a model: by what the user's map says, then by layers, shapes and names.
import type { ModelGraph } from '../../ir/model.js';
import { Fault } from '../../diagnostics/diagnostic.js';
import { weightsAmbiguous, weightsMapped } from '../../diagnostics/weights.js';
import { ourClues, sameNumbers, similarity, theirClues, varying, type Clues } from './evidence.js';
import { asItIs, fitsOf, Names, type Binding, type Fit } from './fit.js';
import { isOptional, singlesOf, tensorsOf, wholesOf, type Instance, type Kept } from './instances.js';
import { moduleName, type Checkpoint, type Foreign } from './stored.js';

/** What a map says of a tensor, or of a module: the tensor or the layer of ours that it goes to. */
export interface MapEntry {
  readonly to: string;
  /** true: both axes are exchanged; a list: which axis of theirs each of ours is; false: as it is stored. */
  readonly transpose?: boolean | readonly number[];
}

export type WeightsMap = Readonly<Record<string, MapEntry>>;

export interface Match {
  readonly bindings: readonly Binding[];
  /** Of ours, what nothing goes to; what a checkpoint may lack is not among them. */
  readonly missing: readonly Kept[];
  /** Of theirs, what goes nowhere. */
  readonly left: readonly Foreign[];
}

/** Throws a Fault where two matches are equally good, or the map says what cannot be. */
export function matchOf(model: ModelGraph, checkpoint: Checkpoint, map: WeightsMap = {}): Match {
  const all = tensorsOf(model);
  const names = new Names(checkpoint.tensors);
  const taken = new Set<string>();
  const bindings: Binding[] = [];
  const take = (more: readonly Binding[]): void => {
    bindings.push(...more);
    for (const { ours, theirs } of more) taken.add(ours.name).add(`their ${theirs.name}`);
  };
  const isFree = ({ bindings: of }: Fit): boolean =>
    of.every(({ ours, theirs }) => !taken.has(ours.name) && !taken.has(`their ${theirs.name}`));
  const free = (instances: readonly Instance[]): readonly Instance[] =>
    instances.filter(({ tensors }) => tensors.every(({ name }) => !taken.has(name)));
  const [wholes, singles] = [wholesOf(all), singlesOf(all)];
  const fits = (instances: readonly Instance[]): readonly Fit[] =>
    instances.flatMap((instance) => fitsOf(instance, names)).filter(isFree);

  take(mapped(map, { all, candidates: fits([...wholes, ...singles]), checkpoint }));
  for (const instances of [wholes, singles]) {
    const { chosen, open } = assigned(fits(free(instances)));
    take(chosen.flatMap((fit) => fit.bindings));
    const [first] = open;
    if (first) throw new Fault(weightsAmbiguous({ file: checkpoint.file, ...first }));
  }
  const left = checkpoint.tensors.filter(({ name }) => !taken.has(`their ${name}`));
  const missing = singles
    .filter((of) => !isOptional(of))
    .flatMap(({ tensors }) => tensors.filter((t) => !taken.has(t.name)));
  return { bindings: inOrder(bindings, all), missing, left };
}

function inOrder(bindings: readonly Binding[], all: readonly Kept[]): readonly Binding[] {
  const at = new Map(all.map(({ name }, i) => [name, i]));
  return [...bindings].sort((a, b) => (at.get(a.ours.name) ?? 0) - (at.get(b.ours.name) ?? 0));
}

/** Layers, or modules, between which nothing decides: `one` fits each of `others`. */
export interface Undecided {
  readonly one: string;
  readonly others: readonly string[];
  /** Is it a layer of ours that several modules of theirs fit? */
  readonly ours: boolean;
  /** A map that would decide it. */
  readonly example: string;
}

/**
 * One module for each layer: again and again the pairs that are the best for both of theirs, and the only such ones. What is then
 * left and fits something, nothing decides.
 */
function assigned(fits: readonly Fit[]): { readonly chosen: readonly Fit[]; readonly open: readonly Undecided[] } {
  const chosen: Fit[] = [];
  let rest = scoredOf(fits);
  for (;;) {
    const [byLayer, byModule] = [bestBy(rest, layerOf), bestBy(rest, moduleOf)];
    const sure = rest.filter(
      (each) => byLayer.get(layerOf(each))?.only === each && byModule.get(moduleOf(each))?.only === each,
    );
    if (sure.length === 0) return { chosen, open: rest.length === 0 ? [] : [undecided(rest)] };
    chosen.push(...sure.map(({ fit }) => fit));
    const [layers, tensors] = [
      new Set(sure.map(layerOf)),
      new Set(sure.flatMap(({ fit }) => fit.bindings.map(({ theirs }) => theirs.name))),
    ];
    rest = rest.filter(
      (each) => !layers.has(layerOf(each)) && !each.fit.bindings.some(({ theirs }) => tensors.has(theirs.name)),
    );
  }
}

interface Scored {
  readonly fit: Fit;
  readonly score: number;
}

const layerOf = ({ fit }: Pick<Scored, 'fit'>): string => fit.instance.path;
const moduleOf = ({ fit }: Pick<Scored, 'fit'>): string => fit.module.join('/');

/** Numbers count where the layers that fit the same modules are numbered as these are. */
function scoredOf(fits: readonly Fit[]): readonly Scored[] {
  const modules = new Map<string, Set<Fit>>();
  for (const fit of fits) {
    const path = fit.instance.path;
    modules.set(path, (modules.get(path) ?? new Set()).add(fit));
  }
  // Layers with the same candidates are of one kind.
  const kinds = new Map<string, Fit[]>();
  for (const own of modules.values()) {
    const key = [...own].map(({ module }) => module.join('/')).join('\n');
    kinds.set(key, [...(kinds.get(key) ?? []), ...own]);
  }
  return [...kinds.values()].flatMap((kind) => {
    const ours = cluesBy(kind, layerOf, ourClues);
    const theirs = cluesBy(kind, moduleOf, theirClues);
    const counted = sameNumbers([...ours.values()], [...theirs.values()]);
    const none: Clues = { words: [], numbers: [] };
    return kind.map((fit) => {
      const [own, other] = [ours.get(layerOf({ fit })) ?? none, theirs.get(moduleOf({ fit })) ?? none];
      return { fit, score: similarity(own, other, counted) };
    });
  });
}

/** What names of one kind say, beyond what all of them say. */
function cluesBy(
  kind: readonly Fit[],
  nameOf: (of: Pick<Scored, 'fit'>) => string,
  clues: (fit: Fit) => Clues,
): ReadonlyMap<string, Clues> {
  const one = [...new Map(kind.map((fit) => [nameOf({ fit }), fit]))];
  const found = varying(one.map(([, fit]) => clues(fit)));
  return new Map(one.map(([name], i) => [name, found[i]]));
}

/** The best of each group, and the only one if no other is as good. */
function bestBy(
  all: readonly Scored[],
  groupOf: (each: Scored) => string,
): ReadonlyMap<string, { readonly score: number; readonly only?: Scored }> {
  const best = new Map<string, { score: number; only?: Scored }>();
  for (const each of all) {
    const known = best.get(groupOf(each));
    if (!known || each.score > known.score) best.set(groupOf(each), { score: each.score, only: each });
    else if (each.score === known.score) best.set(groupOf(each), { score: known.score });
  }
  return best;
}

/** What to say where nothing decides: the first layer that several modules fit equally, else the first module that several layers fit. */
function undecided(rest: readonly Scored[]): Undecided {
  for (const [groupOf, ours] of [
    [layerOf, true],
    [moduleOf, false],
  ] as const)
    for (const [name, { score, only }] of bestBy(rest, groupOf)) {
      if (only) continue;
      const equal = rest.filter((each) => groupOf(each) === name && each.score === score);
      const [{ fit }] = equal;
      const [{ ours: own, theirs }] = fit.bindings;
      const modules = ours ? equal.map(shownModule) : equal.map(layerOf);
      return {
        one: ours ? name : shownModule(equal[0]),
        others: [...new Set(modules)],
        ours,
        example: JSON.stringify({ [theirs.name]: { to: own.name } }),
      };
    }
  throw new Error('where nothing is sure, something is equal');
}

/** A module as its own file spells it. */
function shownModule({ fit: { module, bindings } }: Pick<Scored, 'fit'>): string {
  return moduleName(bindings[0].theirs.name, module);
}

interface Mapping {
  readonly all: readonly Kept[];
  readonly candidates: readonly Fit[];
  readonly checkpoint: Checkpoint;
}

/** What the map says: of a tensor without `transpose`, how it is laid out is the layer's to say where it can. */
function mapped(map: WeightsMap, { all, candidates, checkpoint }: Mapping): readonly Binding[] {
  const chosen = new Map<string, Binding>();
  for (const [key, { to, transpose }] of Object.entries(map)) {
    const wrong = (reason: string): Fault => new Fault(weightsMapped({ key, to, reason }));
    const ours = all.find(({ name }) => name === to);
    const theirs = checkpoint.tensors.find(({ name }) => name === key);
    const fit = candidates.find(
      ({ instance, module, bindings }) =>
        (instance.path === to && shownModule({ fit: { instance, module, bindings } }) === key) ||
        (transpose === undefined && bindings.some((b) => b.theirs.name === key && b.ours.name === to)),
    );
    if (fit) for (const each of fit.bindings) chosen.set(`${each.theirs.name}\n${each.ours.name}`, each);
    else {
      if (!theirs) throw wrong(`${checkpoint.file} has no tensor ${key}`);
      if (!ours) throw wrong(`the model has no tensor ${to}`);
      const order = orderOf(transpose, ours);
      const placement = asItIs(ours, theirs, order);
      const [want, got] = [ours.shape, theirs.shape].map((shape) => `[${shape.join(', ')}]`);
      if (!placement)
        throw wrong(`${key} is ${got}${order ? ', transposed as the map says' : ''}, and ${to} is ${want}`);
      chosen.set(`${key}\n${to}`, { ours, theirs, placement });
    }
  }
  return [...chosen.values()];
}

function orderOf(transpose: MapEntry['transpose'], { shape }: Kept): readonly number[] | undefined {
  if (typeof transpose === 'object') return transpose;
  return transpose === true ? shape.map((_, i) => shape.length - 1 - i) : undefined;
}
