// How parameters, states and slots begin: fills, given values and draws from the seed.
import type { Initial } from '../../../ir/model.js';
import type { TrainerProgram } from '../../../ir/program.js';
import type { TensorType } from '../../../ir/types.js';
import { constantOf } from '../../../ir/index.js';
import { fingerprint } from '../../../ir/fingerprint.js';
import type { Definition } from '../../text/definition.js';
import { statementsOf } from '../../text/progressions.js';
import type { Layout } from '../layout.js';

/** The functions `initialize(m, seed)` and, where there are slots, `resetOptimizer(m)`. */
export function initialValues(program: TrainerProgram, layout: Layout): Definition[] {
  const lines = [...program.parameters, ...program.states].flatMap(({ name, type, initial, buffer }) =>
    begin(layout.array(buffer), name, type, initial),
  );
  const slots = slotLines(program, layout);
  const seeded = lines.some((line) => line.includes('seed'));
  const functions: Definition[] = [
    {
      kind: 'function',
      name: 'initialize',
      doc: 'Parameters and states as they begin: each draw has a stream of its own.',
      parameters: [
        { name: lines.length > 0 ? 'm' : '_m', type: 'Memory' },
        { name: seeded ? 'seed' : '_seed', type: 'number' },
      ],
      returns: 'void',
      body: statementsOf(lines, true).join('\n'),
    },
  ];
  if (slots.length > 0)
    functions.push({
      kind: 'function',
      name: 'resetOptimizer',
      doc: 'What the optimizer remembers, as it begins.',
      parameters: [{ name: 'm', type: 'Memory' }],
      returns: 'void',
      body: statementsOf(slots).join('\n'),
    });
  return functions;
}

/** The stream that a parameter's or state's draws are taken from, by its name. */
export function streamOf(name: string): number {
  return Number(BigInt(`0x${fingerprint(name)}`) & 0xffffffffn);
}

/** So many slots that begin alike are filled in a loop. */
const manySlots = 16;

function slotLines({ slots }: TrainerProgram, layout: Layout): string[] {
  const values = new Set(slots.map(({ initial }) => initial));
  if (slots.length >= manySlots && values.size === 1)
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
