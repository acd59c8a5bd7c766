// The entries of a trainer: what each must have computed when it has run, and its nests on their way to kernels.
import { Buffers } from './buffers.js';
import { becomesOf, withRoots, type Gradients } from './derive/derive.js';
import { substituteNodes } from './derive/substituteNodes.js';
import type { Becomes } from './derive/update.js';
import { DraftForms } from './fuse/draftForms.js';
import { draftNests, type CarriedAs, type Fusion, type FuseRequest, type Root } from './fuse/drafts.js';
import { nestsOf, type Fused } from './fuse/fuse.js';
import { AxisPool } from './fuse/nests.js';
import { singlesOf } from './fuse/singles.js';
import { ordersOf } from './stored/orders.js';
import { halvesOf } from './stored/halves.js';
import type { Call } from './schedule/works.js';
import { inputsNeeded } from './stored/needs.js';
import { everyNode } from '../ir/bodies.js';
import { isOp, type Node } from '../ir/graph.js';
import { axis, constantOf, sizesOf, type Axis } from '../ir/index.js';
import type { Estimate } from '../ir/nest/sizes.js';
import { average, isAveraged, modeRoots, rootsOf, type ModelGraph, type ModelInput, type Named } from '../ir/model.js';
import { passesOf, total } from './playerPasses.js';
import { size } from '../ir/ops/constants.js';
import { input, parameter, slot } from '../ir/ops/leaves.js';
import type { Buffer } from '../ir/scalar.js';
import { runKey, scan } from '../ir/ops/scan.js';
import {
  passOf,
  type Entry,
  type EntryName,
  type PassName,
  type Policy,
  type Provenance,
  type TargetTraits,
  type Work,
} from '../ir/program.js';
import { mapRuns } from '../ir/runs.js';
import { reachable } from '../ir/reachable.js';
import { tellSizes, toldBy } from '../ir/toldSizes.js';
import { elementCount, type TensorType } from '../ir/types.js';

/** What the entries of a trainer on one target are made from. */
export interface Plant {
  readonly derived: Gradients;
  readonly target: TargetTraits;
  readonly estimate: Estimate;
  readonly buffers: Buffers;
}

/** An entry without its steps. */
export type Signature = Omit<Entry, 'name' | 'steps'> & { readonly name: EntryName };

/** An entry while its nests are made; `calls` from the moment on that they are whole. */
export interface EntryNests extends Signature {
  readonly fusion: Fusion;
  readonly calls?: readonly Work<Call>[];
}

/** The nests of every entry. */
export interface Nests extends Plant {
  readonly entries: readonly EntryNests[];
}

/** What an entry computes, nest by nest and loop by loop, wherever it is on its way. */
export function worksOfEntry({ fusion, calls }: EntryNests): readonly Work<Fused>[] {
  return calls ? mapRuns(calls, ({ unit }) => [{ kind: 'run', ...unit }]) : nestsOf(fusion);
}

/** Every entry of the model, with a nest for each node that it stores. */
export function openEntries(given: Gradients, target: TargetTraits): Nests {
  const derived = { ...given, model: withAverages(given.model) };
  const { model, gradients } = derived;
  const policy = policyFor(model, target);
  const estimate: Estimate = () => model.train.batch;
  const phaseOf = phases(model, gradients);
  const updates = becomesOf(derived).map((b) => b.node);
  const ends = [...modeRoots(model), ...gradients.values(), ...updates];
  const every = (): Node[] => everyNode(ends);
  const singles = target.doubles && singlesOf(every(), phaseOf);
  const mixed = derived.mixed === true && target.halves === true;
  const reported = reportedOf(derived);
  const buffers = new Buffers(
    model,
    mixed ? halvesOf(every(), reported) : undefined,
    target.lanes ? ordersOf(reachable(ends), reported) : undefined,
  );
  const outlines = outlinesOf(derived, policy, buffers);
  const common: Omit<FuseRequest, 'roots'> = {
    bufferOf: (node, within) => buffers.of(node, within),
    roundOf: createRounds(),
    carriedAs: carriedIn(outlines.flatMap(({ roots }) => roots.map(({ node }) => node))),
    phaseOf,
    estimate,
    separateUpdates: policy.separateUpdates,
    ...(singles && { singles }),
    recomputed: derived.recomputed ?? new Set(),
    axes: new AxisPool(),
    drafted: new Map(),
    forms: new DraftForms(),
  };
  const entries = outlines.map(({ name, roots, results }): EntryNests => ({
    name,
    fusion: draftNests({ ...common, roots }),
    inputs: inputsOf(
      roots.map(({ node }) => node),
      model,
    ),
    results: results.map((r) => ({ name: r.name, buffer: buffers.of(r.node) })),
  }));
  return { derived, target, estimate, buffers, entries };
}

/** What users read, and what lives across steps: f32 whatever else is not. */
function reportedOf({ model, gradients, players }: Gradients): ReadonlySet<Node> {
  return new Set([
    ...modeRoots(model),
    ...[gradients, ...players.map((p) => p.gradients)].flatMap((of) => [...of.values()]),
  ]);
}

/** The model with the averages of weights in evaluation, where it has them. */
export function withAverages(model: ModelGraph): ModelGraph {
  const averaged = new Set(model.parameters.filter((p) => isAveraged(model, p)).map((p) => p.name));
  if (averaged.size === 0) return model;
  const { builder: g } = model;
  const replace = (node: Node): Node | undefined =>
    isOp(node, parameter) && averaged.has(node.attrs.name)
      ? g.make(slot, [], { parameter: node.attrs.name, ...average, type: node.type })
      : undefined;
  const evaluated = substituteNodes(rootsOf(model.evaluation), replace, g);
  return withRoots(model, [...rootsOf(model.training), ...evaluated, ...model.observed.map(({ node }) => node)]);
}

function bufferFor(
  { parameter: of, slot: name, average: isAverage }: Becomes,
  buffers: Buffers,
  player?: string,
): Buffer {
  if (name === undefined) return buffers.parameter(of);
  return isAverage ? buffers.average(of) : buffers.slot(of, name, player);
}

/** What an entry must have computed, and what of that it reports. */
interface Outline {
  readonly name: EntryName;
  readonly roots: readonly Root[];
  readonly results: readonly { readonly name: string; readonly node: Node }[];
}

function outlinesOf({ model, gradients, players }: Gradients, policy: Policy, buffers: Buffers): Outline[] {
  const outlines: Outline[] = [];
  const entry = (name: EntryName, roots: readonly Root[], results: Outline['results']): void => {
    outlines.push({ name, roots: [...results.map((r) => ({ node: r.node })), ...roots], results });
  };
  const { training, evaluation } = model;
  const becomes = (list: readonly Becomes[], player?: string): Root[] =>
    list.map((b) => ({
      node: b.node,
      to: bufferFor(b, buffers, player),
    }));
  const kept = (states: readonly Named[]): Root[] => states.map((s) => ({ node: s.node, to: buffers.state(s.name) }));
  for (const { player, results, states } of passesOf(model)) {
    const { name } = model.players[player];
    const { gradients: own, accumulate, step, tables } = players[player];
    const stored = policy.storeGradients
      ? [...own].flatMap(([of, node]) => (tables?.get(of)?.kind === 'named' ? [] : [{ node }]))
      : [];
    const pass = (of: PassName, updates: readonly Becomes[]): void =>
      entry(passOf(of, name), [...stored, ...becomes(updates, name), ...kept(states)], results);
    if (accumulate.length > 0) pass('accumulate', accumulate);
    pass('step', step);
    if (name !== undefined) entry(passOf('gradients', name), [], [results[0], ...named(own)]);
  }
  if (training.loss) {
    entry('gradients', [], [...total(training), ...named(gradients)]);
    entry('evaluate', [], [...total(evaluation), ...evaluation.losses, ...evaluation.metrics]);
  }
  if (training.loss && model.observed.length > 0) entry('observe', kept(model.observed), []);
  entry('predict', [], evaluation.outputs);
  return outlines;
}

function named(nodes: ReadonlyMap<string, Node>): Named[] {
  return [...nodes].map(([name, node]) => ({ name, node }));
}

/**
 * Loops of one length that equally many stand around have their axis in common: they never stand in one another. Those that do are
 * called differently.
 */
function createRounds(): FuseRequest['roundOf'] {
  const known = new Map<string, Axis>();
  const depths = new Map<string, number>();
  return (depth, { name, size }) => {
    const key = `${depth} ${size.key}`;
    const before = known.get(key);
    if (before) return before;
    const wanted = [...(name === undefined ? [] : [name[0].toLowerCase()]), 't', 's', 'r'];
    const called = wanted.find((letter) => (depths.get(letter) ?? depth) === depth) ?? `t${depth}`;
    depths.set(called, depth);
    const made = axis(called, size);
    known.set(key, made);
    return made;
  };
}

/** Which results there are of the values that loops carry. */
function carriedIn(roots: readonly Node[]): FuseRequest['carriedAs'] {
  const found = new Map<string, CarriedAs>();
  for (const node of everyNode(roots)) {
    if (!isOp(node, scan) || node.attrs.result.kind === 'emit') continue;
    const { kind, of } = node.attrs.result;
    const key = `${of} of ${runKey(node)}`;
    found.set(key, { ...found.get(key), [kind]: node });
  }
  return (run, value) => found.get(`${value} of ${run}`) ?? {};
}

/** A network of so few parameters is one loop over its examples: its updates stand right behind it. Players share kernels instead. */
const fewParameters = 64;

function policyFor({ parameters, players }: ModelGraph, { policy }: TargetTraits): Policy {
  const count = parameters.reduce((n, p) => n + (constantOf(elementCount(p.type)) ?? Infinity), 0);
  return count <= fewParameters && players.length <= 1
    ? { ...policy, storeGradients: false, separateUpdates: 'of large products' }
    : policy;
}

/** The inputs that are read, and those without which their shapes do not tell every size that is. */
function inputsOf(roots: readonly Node[], model: ModelGraph): string[] {
  const used = new Set(reachable(roots, inputsNeeded).flatMap((n) => (isOp(n, input) ? [n.attrs.name] : [])));
  const sizes = new Set<string>();
  for (const { name, type } of model.inputs) if (used.has(name)) sizesIn(type, sizes);
  const told = (): ReadonlySet<string> =>
    toldBy(model.inputs.flatMap(({ name, type }) => (used.has(name) ? [type.shape] : [])));
  // Where inputs that are read tell every size of the model, nobody needs to know which of those are read.
  const first = told();
  if (model.inputs.some(({ type }) => [...sizesIn(type)].some((of) => !first.has(of)))) sizesRead(roots, sizes);
  for (;;) {
    const known = told();
    const lacking = [...sizes].filter((size) => !known.has(size));
    if (lacking.length === 0) return model.inputs.map((i) => i.name).filter((n) => used.has(n));
    const others = model.inputs.filter((i) => !used.has(i.name));
    const tells =
      (wanted: (size: string) => boolean) =>
      (i: ModelInput): boolean =>
        tellSizes(i.type.shape, new Set(known)).some(({ linear }) => wanted(linear.size));
    const next = others.find(tells((size) => lacking.includes(size))) ?? others.find(tells(() => true));
    if (!next) throw new Error(`no input tells ${lacking.join(', ')}`);
    used.add(next.name);
    sizesIn(next.type, sizes);
  }
}

/** The inputs without which these nodes cannot be computed: those that are read, and what tells sizes. */
export function inputsFor(roots: readonly Node[], model: ModelGraph): ModelInput[] {
  const names = inputsOf(roots, model);
  return model.inputs.filter(({ name }) => names.includes(name));
}

/** The inputs that losses, metrics and states follow from: what is learnt from has no need of those that only outputs read. */
export function inputsToLearn(model: ModelGraph): ModelInput[] {
  const modes = [model.training, model.evaluation].flatMap((mode) => rootsOf({ ...mode, outputs: [] }));
  return inputsFor([...modes, ...model.observed.map(({ node }) => node)], model);
}

function sizesRead(roots: readonly Node[], into: Set<string>): void {
  for (const node of everyNode(roots)) {
    sizesIn(node.type, into);
    if (isOp(node, size)) sizesOf(node.attrs.of, into);
  }
}

function sizesIn({ shape }: TensorType, into: Set<string> = new Set()): Set<string> {
  for (const dim of shape) sizesOf(dim.size, into);
  return into;
}

/** Forward: what the model's own graphs reach; backward: what gradients need beyond that; update: the rest. */
function phases(model: ModelGraph, gradients: ReadonlyMap<string, Node>): (node: Node) => Provenance['phase'] {
  const forward = new Set(reachable(modeRoots(model)));
  const backward = new Set(reachable([...gradients.values()]));
  return (node) => (forward.has(node) ? 'forward' : backward.has(node) ? 'backward' : 'update');
}
