// The public types that follow from the model: inputs, outputs, losses and the names of parameters.
import type { TrainerProgram } from '../../../ir/program.js';
import { printType, type TensorType } from '../../../ir/types.js';
import type { Definition, Property } from '../../text/definition.js';
import { literal, propertyKey, templateText } from '../../text/quote.js';

/** Has the model something to minimise? Else its trainer only predicts. */
export function hasLoss({ model }: TrainerProgram): boolean {
  return model.training.loss !== undefined;
}

/** Inputs that step, evaluate and gradients take. */
export function trainingInputs(program: TrainerProgram): TrainerProgram['inputs'] {
  const others = Object.values(program.entries).filter(({ name }) => name !== 'predict');
  const read = new Set(others.flatMap((entry) => entry.inputs));
  return program.inputs.filter((input) => read.has(input.name));
}

/** Inputs that predict takes. */
export function predictInputs(program: TrainerProgram): TrainerProgram['inputs'] {
  return program.inputs.filter((input) => input.forOutputs);
}

export function publicTypes(program: TrainerProgram): Definition[] {
  const names = program.parameters.map((p) => p.name);
  const trained = program.parameters.filter((p) => p.trained).map((p) => p.name);
  const parameterNames: Definition = {
    kind: 'text',
    text: `export type ParameterName = ${unionOf(names)};`,
  };
  if (!hasLoss(program)) return [...predictionTypes(program), parameterNames];
  const blocks = program.model.training.totals.map(({ name }) => name);
  const several = blocks.length > 0;
  return [
    {
      kind: 'interface',
      name: 'Inputs',
      doc: 'What the network learns from, row-major: the lengths decide the run-time sizes.',
      exported: true,
      properties: trainingInputs(program).map(inputProperty),
    },
    ...predictionTypes(program),
    {
      kind: 'interface',
      name: 'Losses',
      doc: 'The total loss, the named losses and the metrics.',
      exported: true,
      properties: lossNames(program).map((name) => ({
        name: propertyKey(name),
        type: 'number',
        // A pass of one block computes its own.
        ...(several && name !== 'loss' && { optional: true as const }),
      })),
    },
    ...(several ? [blockNames(blocks)] : []),
    parameterNames,
    {
      kind: 'text',
      text: `/** Parameters that have a gradient. */\nexport type TrainedParameterName = ${
        trained.length === names.length ? 'ParameterName' : unionOf(trained)
      };`,
    },
  ];
}

function blockNames(blocks: readonly string[]): Definition {
  return {
    kind: 'text',
    text: `/** The train blocks. */\nexport type BlockName = ${blocks.map((b) => literal(b)).join(' | ')};`,
  };
}

/** Fewer copies are read more easily each by its name. */
const fewestCopies = 4;

/** The type of these names. Those that differ in the number of a copy are one pattern: `read.block.${0 | 1 | 2 | 3}.scale`. */
function unionOf(names: readonly string[]): string {
  const patterns = names.map((name) => {
    const [, before, at, after] = /^(.*?\.)(0|[1-9]\d*)(\..*)$/s.exec(name) ?? [];
    return at === undefined ? undefined : { before, at: Number(at), after, key: JSON.stringify([before, after]) };
  });
  const copies = new Map<string, Set<number>>();
  for (const p of patterns) if (p) copies.set(p.key, (copies.get(p.key) ?? new Set()).add(p.at));
  const printed = patterns.map((p, i) => {
    const numbers = p && copies.get(p.key);
    if (!numbers || numbers.size < fewestCopies) return literal(names[i]);
    const counted = [...numbers.keys()].sort((a, b) => a - b).join(' | ');
    return `\`${templateText(p.before)}\${${counted}}${templateText(p.after)}\``;
  });
  return [...new Set(printed)].join(' | ') || 'never';
}

/** What predict takes and gives. */
function predictionTypes(program: TrainerProgram): Definition[] {
  return [
    {
      kind: 'interface',
      name: 'PredictInputs',
      doc: 'What the outputs follow from.',
      exported: true,
      properties: predictInputs(program).map(inputProperty),
    },
    {
      kind: 'interface',
      name: 'Outputs',
      exported: true,
      properties: program.outputs.map(({ name, type }) => ({
        name: propertyKey(name),
        type: outputType(type),
        doc: printType(type),
      })),
    },
  ];
}

/** `loss`, the named losses, the metrics. */
export function lossNames(program: TrainerProgram): string[] {
  return [...new Set(program.entries.evaluate?.results.map((r) => r.name))];
}

export function outputType(type: TensorType): 'Float32Array' | 'Int32Array' | 'Uint8Array' {
  if (type.element.kind === 'f32') return 'Float32Array';
  return type.element.kind === 'bool' ? 'Uint8Array' : 'Int32Array';
}

function inputProperty({ name, type }: TrainerProgram['inputs'][number]): Property {
  const array = type.element.kind === 'f32' ? 'Float32Array' : 'IntegerArray';
  return { name: propertyKey(name), type: `${array} | Shaped<${array}>`, doc: printType(type) };
}
