// How parameters, states and slots begin: fills, given values and draws from the seed.
import type { Initial } from '../../../ir/model.js';
import type { TrainerProgram } from '../../../ir/program.js';
import type { TensorType } from '../../../ir/types.js';
import { constantOf } from '../../../ir/index.js';
import { fingerprint } from '../../../ir/fingerprint.js';
import type { Definition } from '../../text/definition.js';
import { statementsOf } from '../../text/progressions.js';
import type { Layout } from '../layout.js';

/** The functions `initialize(m, seed)` and, where they are needed, `startOptional(m, seed)`, `resetOptimizer(m)` and `resetAverages(m)`. */
export function initialValues(program: TrainerProgram, layout: Layout): Definition[] {
  const tensors = [...program.parameters, ...program.states];
  const optional = tensors.filter((t) => t.optional);
  const slots = slotLines(program, layout);
  const doc = 'Parameters and states as they begin: each draw has a stream of its own.';
  const functions = [starting('initialize', doc, tensors, layout, true)];
  if (optional.length > 0)
    functions.push(starting('startOptional', 'What a checkpoint may lack, as it begins.', optional, layout, false));
  if (slots.length > 0)
    functions.push({
      kind: 'function',
      name: 'resetOptimizer',
      doc: 'What the optimizer remembers, as it begins.',
      parameters: [{ name: 'm', type: 'Memory' }],
      returns: 'void',
      body: statementsOf(slots).join('\n'),
    });
  const averages = program.averages.map(({ parameter, buffer }) => {
    const weight = program.parameters.find((p) => p.name === parameter);
    return weight ? `${layout.array(buffer)}.set(${layout.array(weight.buffer)});` : '';
  });
  if (averages.length > 0)
    functions.push({
      kind: 'function',
      name: 'resetAverages',
      doc: 'Averages of weights, as they begin.',
      parameters: [{ name: 'm', type: 'Memory' }],
      returns: 'void',
      body: statementsOf(averages).join('\n'),
    });
  return functions;
}

/** A function that starts these tensors. `zeroed`: they hold zeros. */
function starting(
  name: string,
  doc: string,
  tensors: readonly (TrainerProgram['parameters'] | TrainerProgram['states'])[number][],
  layout: Layout,
  zeroed: boolean,
): Definition {
  const lines = tensors.flatMap((t) => {
    const array = layout.array(t.buffer);
    const started = begin(array, t.name, t.type, t.initial);
    return started.length > 0 || zeroed ? started : [`${array}.fill(0);`];
  });
  const seeded = lines.some((line) => line.includes('seed'));
  return {
    kind: 'function',
    name,
    doc,
    parameters: [
      { name: lines.length > 0 ? 'm' : '_m', type: 'Memory' },
      { name: seeded ? 'seed' : '_seed', type: 'number' },
    ],
    returns: 'void',
    body: statementsOf(lines, true).join('\n'),
  };
}

/** The stream that a parameter's or state's draws are taken from, by its name. */
export function streamOf(name: string): number {
  return Number(BigInt(`0x${fingerprint(name)}`) & 0xffffffffn);
}

/** So many slots that begin alike are filled in a loop. */
const manySlots = 16;

function slotLines({ slots }: TrainerProgram, layout: Layout): string[] {
  const values = new Set(slots.map(({ initial }) => initial));
  if (layout.tables?.slots || (slots.length >= manySlots && values.size === 1))
    return [`for (const { data } of optimizerOf(m)) data.fill(${slots[0].initial});`];
  return slots.map(({ initial, buffer }) => `${layout.array(buffer)}.fill(${initial});`);
}

/** Arrays begin with zeros. */
function begin(array: string, name: string, type: TensorType, initial: Initial): string[] {
  const stream = `0x${streamOf(name).toString(16)}`;
  switch (initial.kind) {
    case 'fill':
      return initial.value === 0 ? [] : [`${array}.fill(${initial.value});`];
    case 'values':
      return [`${array}.set([${initial.values.map(String).join(', ')}]);`];
    case 'uniform':
      return [`drawUniform(${array}, seed, ${stream}, ${initial.low}, ${initial.high});`];
    case 'normal':
      return [`drawNormal(${array}, seed, ${stream}, ${initial.mean}, ${initial.std});`];
    case 'orthogonal': {
      const rows = type.shape.length === 0 ? 1 : constantOf(type.shape[0].size);
      return [`drawOrthogonal(${array}, seed, ${stream}, ${rows}, ${initial.gain});`];
    }
    default:
      return initial satisfies never;
  }
}
