// The buffers of a model: one for each leaf, and one for each node that some entry stores.
import { everyNode } from '../ir/bodies.js';
import { isOp, type Node } from '../ir/graph.js';
import { constantOf } from '../ir/index.js';
import { titleOf, titleText } from '../ir/labels.js';
import { literal } from '../ir/ops/constants.js';
import { counter, input, parameter, slot, state } from '../ir/ops/leaves.js';
import { bound } from '../ir/ops/scan.js';
import { average, initialOf, isAveraged, lossScale, modeRoots, type ModelGraph, type Player } from '../ir/model.js';
import type { Buffer } from '../ir/scalar.js';
import { elementCount, type TensorType } from '../ir/types.js';
import type { Gradients } from './derive/derive.js';
import type { Half } from './stored/halves.js';
import { unique } from './unique.js';

const scalar: TensorType = { element: { kind: 'f32' }, shape: [] };

/** Makes each buffer when it is first asked for, under a name that no other has. */
export class Buffers {
  /** Those that outlast a call, by what they hold. */
  private readonly persistent = new Map<string, Buffer>();
  private readonly ofNode = new Map<string, Map<Node, Buffer>>();
  private readonly names = new Set<string>();
  /** Those that authors gave: a user's own d_h keeps its name, whichever is stored first. */
  private readonly given: ReadonlySet<string>;
  private readonly typeOf: ReadonlyMap<string, TensorType>;
  private readonly inputs;
  private readonly parameters;
  private readonly states;

  /** `halfOf`: how nodes are stored that are no f32; `orderOf`: in which order their axes lie, where that is not their own. */
  constructor(
    private readonly model: ModelGraph,
    private readonly halfOf: (node: Node) => Half | undefined = () => undefined,
    private readonly orderOf: (node: Node) => readonly number[] | undefined = () => undefined,
  ) {
    this.given = new Set(everyNode(modeRoots(model)).flatMap((node) => (node.kept ? (node.name ?? []) : [])));
    this.typeOf = new Map(model.parameters.map((p) => [p.name, p.type]));
    this.inputs = model.inputs.map((i) => ({ ...i, buffer: this.keep('input', i.name, i.type) }));
    this.parameters = model.parameters.map((p) => ({ ...p, buffer: this.parameter(p.name) }));
    this.states = model.states.map((s) => ({ ...s, buffer: this.keep('state', s.name, s.type) }));
  }

  /** Of a node. `within`: the run of a loop in whose body the node stands. A table is one wherever it stands. */
  of(node: Node, within = ''): Buffer {
    const where = isOp(node, literal) ? '' : within;
    const known = this.ofNode.get(where) ?? new Map<Node, Buffer>();
    this.ofNode.set(where, known);
    const buffer = known.get(node) ?? this.ofLeaf(node) ?? this.ofStored(node, where === '');
    known.set(node, buffer);
    return buffer;
  }

  parameter(name: string): Buffer {
    return this.keep('parameter', name, this.typeOf.get(name) ?? scalar);
  }

  state(name: string): Buffer {
    return this.keep('state', name, scalar);
  }

  /** The moving average of its weights. */
  average(parameter: string): Buffer {
    return this.keep(
      'slot',
      `${parameter}.${average.name}`,
      this.typeOf.get(parameter) ?? scalar,
      `average ${parameter}`,
    );
  }

  /** `player`: whose, where several may train the parameter. */
  slot(parameter: string, name: string, player?: string): Buffer {
    if (parameter === lossScale.parameter)
      return this.keep(
        'slot',
        name === 'value' ? 'loss_scale' : 'loss_scale_steps',
        scalar,
        `slot ${parameter} ${name}`,
      );
    const path = player === undefined ? parameter : `${player}.${parameter}`;
    const key = `slot ${player ?? ''} ${parameter} ${name}`;
    return this.keep('slot', `${path}.${name}`, this.typeOf.get(parameter) ?? scalar, key);
  }

  /** Those that outlast a call. */
  all(): readonly Buffer[] {
    return [...this.persistent.values()];
  }

  /** What a trainer says of its leaves; `forOutputs`: the inputs that `predict` reads. */
  tables(forOutputs: readonly string[], { players, mixed }: Gradients) {
    const { inputs, parameters, states } = this;
    return {
      inputs: inputs.map((i) => ({ ...i, forOutputs: forOutputs.includes(i.name) })),
      parameters,
      states,
      averages: parameters
        .filter((p) => isAveraged(this.model, p))
        .map(({ name, type }) => ({ parameter: name, type, buffer: this.average(name) })),
      slots: [
        ...players.flatMap(({ step }, i) =>
          step.flatMap(({ parameter, slot, average: isAverage }) =>
            slot === undefined || isAverage || parameter === lossScale.parameter
              ? []
              : [this.slotTable(parameter, slot, this.model.players[i])],
          ),
        ),
        ...(mixed ? (['value', 'steps'] as const).map((name) => this.scaleTable(name)) : []),
      ],
      ...(mixed && { lossScale: this.lossScale() }),
      counters: (['update', 'run', 'learning_rate_scale', 'draw', 'seed'] as const).flatMap((name) => {
        const buffer = this.persistent.get(`counter ${name}`);
        return buffer ? [{ name, buffer }] : [];
      }),
    };
  }

  /** Of the loss: all train blocks have it in common. */
  lossScale(): { readonly value: Buffer; readonly steps: Buffer } {
    const [value, steps] = (['value', 'steps'] as const).map((name) => this.slot(lossScale.parameter, name));
    return { value, steps };
  }

  private scaleTable(name: 'value' | 'steps') {
    const { parameter, slots } = lossScale;
    return { parameter, name, initial: slots[name], type: scalar, buffer: this.slot(parameter, name) };
  }

  private slotTable(parameter: string, name: string, player: Player) {
    return {
      ...(player.name !== undefined && { player: player.name }),
      parameter,
      name,
      initial: initialOf(player, parameter, name),
      type: this.typeOf.get(parameter) ?? scalar,
      buffer: this.slot(parameter, name, player.name),
    };
  }

  private keep(space: Buffer['space'], name: string, type: TensorType, key = `${space} ${name}`): Buffer {
    const known = this.persistent.get(key);
    if (known) return known;
    const buffer = this.make(space, name, type);
    this.persistent.set(key, buffer);
    return buffer;
  }

  private ofLeaf(node: Node): Buffer | undefined {
    if (isOp(node, input, parameter, state)) return this.persistent.get(`${node.op.name} ${node.attrs.name}`);
    if (isOp(node, slot) && node.attrs.player === average.player) return this.average(node.attrs.parameter);
    if (isOp(node, slot)) return this.slot(node.attrs.parameter, node.attrs.name, node.attrs.player);
    if (isOp(node, counter)) return this.counter(node.attrs.name, node.type);
    if (!isOp(node, literal)) return undefined;
    return { ...this.make('constant', node.name ?? 'table', node.type), data: node.attrs.values };
  }

  private counter(name: string, type: TensorType): Buffer {
    const key = `counter ${name}`;
    const known = this.persistent.get(key) ?? {
      ...this.make('counter', name, scalar),
      dtype: type.element.kind === 'f32' ? ('f32' as const) : ('i32' as const),
    };
    this.persistent.set(key, known);
    return known;
  }

  /** `halved`: it may hold halves, as what goes from kernel to kernel of a round does not. */
  private ofStored(node: Node, halved: boolean): Buffer {
    const title = titleOf(node);
    const word = isOp(node, bound) ? node.attrs.name : titleText(title);
    const buffer = this.make('arena', title.of !== 'value' && this.given.has(word) ? `${word}_2` : word, node.type);
    const order = this.orderOf(node);
    const half = halved ? this.halfOf(node) : undefined;
    return {
      ...buffer,
      ...(order && { order }),
      ...(half && { dtype: 'f16' }),
      ...(half === 'scaled' && { scaled: true }),
      ...(title.of === 'cotangent' && { cotangent: true }),
    };
  }

  private make(space: Buffer['space'], name: string, type: TensorType): Buffer {
    return {
      name: unique(name, this.names),
      space,
      dtype: dtypeOf(type),
      length: elementCount(type),
      ...below(type),
    };
  }
}

function dtypeOf(type: TensorType): Buffer['dtype'] {
  return type.element.kind === 'f32' ? 'f32' : 'i32';
}

function below(type: TensorType): { below?: number } {
  if (type.element.kind === 'bool') return { below: 2 };
  if (type.element.kind !== 'index') return {};
  const size = constantOf(type.element.size);
  return size === undefined ? {} : { below: size };
}
