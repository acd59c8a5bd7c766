// A step of training: the passes of its train blocks in turn, each over what the one before has left.
import { everyNode } from '../../ir/bodies.js';
import { isOp, type Node } from '../../ir/graph.js';
import { counter, input, type CounterName } from '../../ir/ops/leaves.js';
import { heldBy, type Next, type StepGraph, type StepPass } from '../graphs.js';
import type { Value, Writer } from './writer.js';

/** What a step is given: tensors by their names, the count of calls before it, and the seed. */
export interface Given {
  readonly inputs: ReadonlyMap<string, Value>;
  readonly held: ReadonlyMap<string, Value>;
  readonly step: Value;
  readonly seed: Value;
  /** How many updates the run makes; where it is absent, nothing asks for it. */
  readonly updates?: number;
}

/** What a step leaves and tells. */
export interface Left {
  readonly held: ReadonlyMap<string, Value>;
  /** Losses and metrics by their names, in the order of `reported`. */
  readonly reported: ReadonlyMap<string, Value>;
}

export function sayStep(graph: StepGraph, given: Given, writer: Writer): Left {
  const held = new Map(given.held);
  const told: Told[] = [];
  graph.passes.forEach((pass, i) => {
    const { isTurn, ...turn } = turnOf(graph, i, given, writer);
    const own = writer.beside(leavesOf(pass, given, held, turn.counters));
    own.say(rootsOf(pass));
    const becomes = nextOf(pass, held, turn.isUpdate, own);
    for (const [name, value] of becomes)
      held.set(name, isTurn ? writer.choose(isTurn, value, valueIn(held, name)) : value);
    told.push({
      ...(isTurn && { isTurn }),
      values: new Map(pass.results.map(({ name, node }) => [name, own.of(node)])),
    });
  });
  return { held, reported: reportedOf(graph, told, writer) };
}

interface Turn {
  readonly counters: ReadonlyMap<CounterName, Value>;
  /** Is it this call that the block makes a pass in? Absent: each. */
  readonly isTurn?: Value;
  /** Does the pass update, rather than add up gradients? Absent: each. */
  readonly isUpdate?: Value;
}

/** What a pass reads of what a trainer counts, all of which follows from the count of calls. */
function turnOf({ passes }: StepGraph, at: number, { step, seed, updates = 0 }: Given, writer: Writer): Turn {
  const { every, accumulate, name } = passes[at].player;
  const number = (n: number): Value => writer.number([n], 'int64');
  const div = (a: Value, n: number): Value => (n === 1 ? a : writer.add('Div', [a, number(n)]));
  const isLast = (a: Value, n: number): Value =>
    writer.add('Equal', [writer.add('Mod', [a, number(n)]), number(n - 1)], { type: 'bool' });
  const made = div(step, every);
  const draw =
    passes.length === 1
      ? step
      : writer.add('Add', [writer.add('Mul', [step, number(passes.length)]), number(at)], { name: 'draw' });
  return {
    counters: new Map<CounterName, Value>([
      ['update', writer.add('Add', [div(made, accumulate), number(1)], { name: 'update' })],
      ['draw', draw],
      ['seed', seed],
      ['run', number(name === undefined ? updates : Math.floor(updates / (every * accumulate)))],
      ['learning_rate_scale', writer.number([1], 'float')],
    ]),
    ...(every > 1 && { isTurn: isLast(step, every) }),
    ...(accumulate > 1 && { isUpdate: isLast(made, accumulate) }),
  };
}

/** All that a pass computes. */
export function rootsOf({ results, states, update, accumulate }: StepPass): Node[] {
  return [...results, ...states, ...update, ...accumulate].map(({ node }) => node);
}

function leavesOf(
  pass: StepPass,
  { inputs }: Given,
  held: ReadonlyMap<string, Value>,
  counters: ReadonlyMap<CounterName, Value>,
): ReadonlyMap<Node, Value> {
  return boundLeaves(rootsOf(pass), (node) => {
    const name = heldBy(node);
    if (name !== undefined) return held.get(name);
    if (isOp(node, input)) return inputs.get(node.attrs.name);
    return isOp(node, counter) ? counters.get(node.attrs.name) : undefined;
  });
}

/** The values of the leaves that nodes are made of. */
export function boundLeaves(
  roots: readonly Node[],
  valueOf: (leaf: Node) => Value | undefined,
): ReadonlyMap<Node, Value> {
  return new Map(
    everyNode(roots).flatMap((node) => {
      const value = node.op.kind === 'leaf' ? valueOf(node) : undefined;
      return value ? [[node, value] as const] : [];
    }),
  );
}

/** What a pass makes of tensors: what it updates, or what it adds up. */
function nextOf(
  { states, update, accumulate }: StepPass,
  held: ReadonlyMap<string, Value>,
  isUpdate: Value | undefined,
  writer: Writer,
): ReadonlyMap<string, Value> {
  const valuesOf = (list: readonly Next[]): Map<string, Value> =>
    new Map(list.map(({ name, node }) => [name, writer.of(node)]));
  const updated = valuesOf(update);
  if (isUpdate) {
    const added = valuesOf(accumulate);
    for (const name of new Set([...updated.keys(), ...added.keys()])) {
      const before = valueIn(held, name);
      updated.set(name, writer.choose(isUpdate, updated.get(name) ?? before, added.get(name) ?? before));
    }
  }
  return new Map([...updated, ...valuesOf(states)]);
}

function valueIn(held: ReadonlyMap<string, Value>, name: string): Value {
  const value = held.get(name);
  if (!value) throw new Error(`no tensor is called ${name}`);
  return value;
}

/** What a pass tells. */
interface Told {
  readonly isTurn?: Value;
  readonly values: ReadonlyMap<string, Value>;
}

/** Each as the last pass that computed it tells, and NaN where none did; the loss is the sum of the losses there, where all have names. */
function reportedOf(
  { passes, reported, losses }: StepGraph,
  told: readonly Told[],
  writer: Writer,
): Map<string, Value> {
  const lastOf = (name: string, otherwise: number): Value =>
    told.reduce<Value>(
      (before, { isTurn, values }) => {
        const value = values.get(name);
        if (!value) return before;
        return isTurn ? writer.choose(isTurn, value, before) : value;
      },
      writer.number([otherwise], 'float'),
    );
  const sumsUp = passes.length > 1 && passes.every(({ player }) => player.losses !== undefined);
  return new Map(
    reported.map((name) => {
      if (name !== 'loss' || !sumsUp) return [name, lastOf(name, NaN)];
      return [name, losses.map((loss) => lastOf(loss, 0)).reduce((a, b) => writer.add('Add', [a, b]))];
    }),
  );
}
