// A model's graphs at each stage of its compilation, as boxes and edges, with what each box was and becomes.
import { follow, type Followed } from '../../compile.js';
import { everyNode } from '../../ir/bodies.js';
import { reachable } from '../../ir/reachable.js';
import { valuesAt, type At } from '../derivation/numbers.js';
import type { Node } from '../../ir/graph.js';
import { rootsOf, type ModelGraph } from '../../ir/model.js';
import type { AnyNest } from '../../ir/program.js';
import { simplifyModel } from '../../passes/derive/derive.js';
import { createTrace } from '../../passes/derive/trace.js';
import { touchedBy } from '../explain/traffic.js';
import { callsOf, flopsOf, type SizeOf } from '../flops.js';
import { kernelRunsOf, type KernelRun } from '../kernels.js';
import type { Item, ModelPicture, Region, StageGraph, StageName } from './data.js';
import { drawNodes, drawnAs, outsideOfLoops, resultsOfLoops, type Drawn } from './items.js';

/** What a picture shows of a run of the model. */
export interface Measured {
  /** Seconds of each call of a kernel in a step on ts, in order. */
  readonly seconds?: readonly number[];
  /** What the sizes of gradients are worked out at. */
  readonly at?: At;
}

/** The picture of a checked model. */
export function pictureOf(model: ModelGraph, { seconds, at }: Measured = {}): ModelPicture {
  const trace = createTrace();
  const graphs = simplifyModel({ written: model, model }, trace);
  const followed = follow(model, 'ts');
  const became = (node: Node): Node => last(node, trace.became);
  const stages = [
    sourceStage(model),
    forwardStage(graphs.model),
    ...(model.training.loss ? [backwardStage(graphs.model, followed, at)] : []),
    fusedStage(graphs.model, followed, seconds),
  ];
  return { model: model.name, file: model.file, stages: linked(stages, became) };
}

interface Drawing {
  readonly stage: StageName;
  readonly drawn: readonly Drawn[];
  readonly regions: readonly Region[];
}

/** The model as it was written, alone: no other stage is worked out. */
export function sourceGraph(model: ModelGraph): StageGraph {
  const { stage, drawn, regions } = sourceStage(model);
  return { stage, regions, items: drawn.map(({ item }) => item) };
}

/** The model as it was written, in training. */
export function sourceStage(model: ModelGraph): Drawing {
  return modelStage('source', model);
}

function forwardStage(model: ModelGraph): Drawing {
  return modelStage('forward', model);
}

function modelStage(stage: StageName, model: ModelGraph): Drawing {
  const { training } = model;
  const results = new Map<Node, string>();
  for (const { name, node } of [...training.outputs, ...training.losses, ...training.metrics])
    results.set(drawnAs(node), name);
  if (training.loss && !results.has(training.loss)) results.set(training.loss, 'loss');
  const drawn = drawNodes(everyNode(rootsOf(training)), {
    model,
    isGiven: () => false,
    resultOf: (node) => results.get(node),
  });
  return { stage, drawn, regions: [] };
}

/** The gradients of the loss; values of the model that they read stand there without what makes them. */
function backwardStage(model: ModelGraph, { derived }: Followed, at: At | undefined): Drawing {
  const own = new Set(everyNode(rootsOf(model.training)));
  const found = everyNode([...derived.gradients.values()]);
  const made = found.filter((node) => !own.has(node));
  const outside = outsideOfLoops(made);
  const read = new Set(
    made.flatMap((node) =>
      [...node.inputs, ...(outside.get(node) ?? [])].filter((input) => own.has(input)).map(drawnAs),
    ),
  );
  const results = gradientNames(derived.gradients);
  const drawn = drawNodes(
    found.filter((node) => !own.has(node) || read.has(node)),
    { model, isGiven: (node) => own.has(node), resultOf: (node) => results.get(node) },
  );
  if (!at) return { stage: 'backward', drawn, regions: [] };
  // In the bodies of loops a derivative has other numbers at each round.
  const inNoLoop = new Set(reachable([...derived.gradients.values()]));
  const sized = drawn.map(({ node }) => node).filter((node) => inNoLoop.has(node) && !own.has(node));
  const values = valuesAt(sized, model, at);
  return {
    stage: 'backward',
    regions: [],
    drawn: drawn.map(({ node, item }) => {
      const value = values.get(node);
      return { node, item: value ? { ...item, magnitude: magnitudeOf(value) } : item };
    }),
  };
}

function magnitudeOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] ** 2;
  return Math.sqrt(sum / Math.max(1, values.length));
}

function gradientNames(gradients: ReadonlyMap<string, Node>): Map<Node, string> {
  const names = new Map<Node, string>();
  for (const [parameter, node] of gradients) names.set(drawnAs(node), `∂loss/∂${parameter}`);
  return names;
}

/** What one step runs, kernel by kernel; of a model that does not train, one prediction. */
function fusedStage(model: ModelGraph, followed: Followed, seconds: readonly number[] | undefined): Drawing {
  const { steps, runs } = kernelRunsOf(followed);
  const batch = (): number => model.train.batch;
  const calls = callsOf(steps, batch);
  const names = uniqueNames(runs);
  const regions = runs.map(({ run, times }, i): Region => {
    const { kernel } = run;
    return {
      name: names[i],
      phase: kernel.provenance.phase,
      plan: kernel.plan,
      flops: calls.has(kernel) ? times(batch) * flopsOf(kernel, batch) : 0,
      bytes: times(batch) * bytesMoved(followed.planned.get(kernel.provenance), batch),
      ...(seconds?.length === runs.length && { seconds: seconds[i] }),
    };
  });
  return { stage: 'fused', drawn: drawnInRegions(runs, names, model, followed.derived.gradients), regions };
}

/**
 * A node that several kernels compute is drawn in each; edges come from the last one before, which stores it. So is a leaf that several
 * read, as a parameter is by forward and backward kernels and by its update.
 */
function drawnInRegions(
  runs: readonly KernelRun[],
  names: readonly string[],
  model: ModelGraph,
  gradients: ReadonlyMap<string, Node>,
): Drawn[] {
  const results = gradientNames(gradients);
  const home = new Map<Node, string>();
  const drawn: Drawn[] = [];
  const all = new Set(runs.flatMap(({ nodes }) => nodes));
  const made = resultsOfLoops([...all]);
  runs.forEach(({ nodes, leaves }, i) => {
    const outside = new Map([...made, ...[...leaves].map(([leaf, of]): [Node, Node[]] => [leaf, [of]])]);
    const given = new Set(
      nodes.flatMap((node) => (outside.get(node) ?? node.inputs).map(drawnAs)).filter((node) => !all.has(node)),
    );
    const part = drawNodes([...given, ...nodes], {
      model,
      within: names[i],
      outside,
      isGiven: (node) => given.has(node),
      resultOf: (node) => results.get(node),
      elsewhere: (node) => home.get(node),
    });
    drawn.push(...part);
    for (const { node, item } of part) if (!given.has(node)) home.set(node, item.id);
  });
  return drawn;
}

/** A kernel that serves several layers is a region for each, named after its call. */
function uniqueNames(runs: readonly KernelRun[]): string[] {
  const taken = new Set<string>();
  return runs.map(({ run: { kernel, copy } }) => {
    const [of] = (copy ?? '').split(':');
    const wanted = of === '' ? kernel.name : `${kernel.name} of ${of}`;
    let name = wanted;
    for (let i = 2; taken.has(name); i++) name = `${wanted} ${i}`;
    taken.add(name);
    return name;
  });
}

/** Bytes that a call reads and writes, as `nnc explain` counts them. */
function bytesMoved(nest: AnyNest | undefined, sizeOf: SizeOf): number {
  return nest ? touchedBy(nest, sizeOf).reduce((sum, { elements }) => sum + 4 * elements, 0) : 0;
}

/** Every item with what it was and becomes. */
function linked(drawings: readonly Drawing[], became: (node: Node) => Node): StageGraph[] {
  const byNode = drawings.map(({ drawn }) => {
    const found = new Map<Node, string[]>();
    // Numbers stand beside each box that reads them: none is the others.
    for (const { node, item } of drawn)
      if (item.kind !== 'constant') found.set(node, [...(found.get(node) ?? []), item.id]);
    return found;
  });
  const [source, forward, backward, fused] = (['source', 'forward', 'backward', 'fused'] as const).map((stage) =>
    drawings.findIndex((d) => d.stage === stage),
  );
  const pairs = new Map<string, Set<string>>();
  const pair = (a: number, x: readonly string[], b: number, y: readonly string[]): void => {
    for (const i of x)
      for (const j of y) {
        add(pairs, `${a} ${i} ${b}`, j);
        add(pairs, `${b} ${j} ${a}`, i);
      }
  };
  const at = (stage: number, node: Node): readonly string[] => byNode[stage]?.get(drawnAs(node)) ?? [];
  for (const [node, ids] of byNode[source]) pair(source, ids, forward, at(forward, became(node)));
  for (const [node, ids] of byNode[forward]) pair(forward, ids, fused, at(fused, node));
  if (backward >= 0)
    for (const [node, ids] of byNode[backward]) {
      pair(backward, ids, fused, at(fused, node));
      pair(
        backward,
        ids,
        forward,
        derivedFrom(node, (of) => [...at(forward, of), ...at(forward, became(of))]),
      );
    }
  compose(
    source,
    forward,
    [backward, fused].filter((i) => i >= 0),
    byNode,
    pairs,
  );
  return drawings.map(({ stage, drawn, regions }, i) => ({
    stage,
    regions,
    items: drawn.map(({ item }): Item => {
      const links = drawings.flatMap((other, j): [StageName, string[]][] => {
        const found = pairs.get(`${i} ${item.id} ${j}`);
        return found ? [[other.stage, [...found]]] : [];
      });
      return { ...item, links: Object.fromEntries(links) };
    }),
  }));
}

/** The values whose derivative a node is; of what only moves such, or counts along it, those that it is made of. */
function derivedFrom(node: Node, at: (of: Node) => readonly string[], depth = 0): readonly string[] {
  const { role } = node;
  const own = at(role.kind === 'cotangent' ? (role.of ?? role.from) : node);
  if (own.length > 0 || depth > 8) return own;
  return [...new Set(node.inputs.flatMap((input) => derivedFrom(input, at, depth + 1)))];
}

/** What the source became later is what its forward form became. */
function compose(
  source: number,
  forward: number,
  later: readonly number[],
  byNode: readonly ReadonlyMap<Node, readonly string[]>[],
  pairs: Map<string, Set<string>>,
): void {
  for (const ids of byNode[source].values())
    for (const id of ids)
      for (const via of pairs.get(`${source} ${id} ${forward}`) ?? [])
        for (const to of later)
          for (const end of pairs.get(`${forward} ${via} ${to}`) ?? []) {
            add(pairs, `${source} ${id} ${to}`, end);
            add(pairs, `${to} ${end} ${source}`, id);
          }
}

function add(pairs: Map<string, Set<string>>, key: string, value: string): void {
  const known = pairs.get(key);
  if (known) known.add(value);
  else pairs.set(key, new Set([value]));
}

function last(node: Node, became: ReadonlyMap<Node, Node>): Node {
  let at = node;
  for (let next = became.get(at); next && next !== at; next = became.get(at)) at = next;
  return at;
}
