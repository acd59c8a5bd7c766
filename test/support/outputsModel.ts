// A model that is nothing but outputs: what makes programs of graphs that no source was written for.
import { programFrom } from '../../src/compile.js';
import { nameNode } from '../../src/ir/builder.js';
import type { Builder, Node } from '../../src/ir/graph.js';
import type { TargetTraits, TrainerProgram } from '../../src/ir/program.js';
import { createDraws, fillType } from './sampleTypes.js';

export interface OutputsModel {
  readonly outputs: readonly { readonly name: string; readonly node: Node }[];
  readonly inputs: readonly Node[];
  /** `without`: passes that are left out. */
  program(target: TargetTraits, without?: readonly string[]): TrainerProgram;
}

/** The model of some nodes by name, over its inputs. */
export function modelOfOutputs(
  builder: Builder,
  inputs: readonly Node[],
  nodes: Readonly<Record<string, Node>>,
): OutputsModel {
  const outputs = Object.entries(nodes).map(([name, node]) => {
    nameNode(node, name);
    return { name, node };
  });
  const mode = { outputs, losses: [], totals: [], metrics: [], states: [], requirements: [] };
  const model = {
    builder,
    name: 'outputs',
    file: 'outputs.nn',
    text: '',
    sources: new Map(),
    place: { start: 0, end: 0 },
    inputs: inputs.map((node) => ({ name: String(node.attrs.name), type: node.type })),
    parameters: [],
    states: [],
    adapters: [],
    training: { ...mode, outputs: [] },
    evaluation: mode,
    observed: [],
    players: [],
    train: { batch: 4, epochs: 1, seed: 0, validation: 0, test: 0 },
  };
  return {
    outputs,
    inputs,
    program: (target, without) => programFrom({ model, gradients: new Map(), players: [] }, target, without),
  };
}

/** Numbers for the inputs. */
export function valuesFor(
  { inputs }: OutputsModel,
  sizes: Readonly<Record<string, number>>,
  seed = 1,
): Map<Node, number[]> {
  const draw = createDraws(seed);
  return new Map(inputs.map((node) => [node, fillType(node.type, draw, [-1, 1], sizes)]));
}
