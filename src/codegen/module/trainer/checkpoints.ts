// What checkpoints hold: the functions that list its tensors.
import { constantOf } from '../../../ir/index.js';
import { lossScale, slotName } from '../../../ir/model.js';
import type { TrainerProgram } from '../../../ir/program.js';
import type { Buffer } from '../../../ir/scalar.js';
import type { TensorType } from '../../../ir/types.js';
import type { Definition } from '../../text/definition.js';
import { elementsOf } from '../../text/progressions.js';
import { literal } from '../../text/quote.js';
import type { Layout } from '../layout.js';
import { slotNames } from '../tables.js';

/** The functions `tensorsOf` and `optimizerOf`: what checkpoints hold. */
export function checkpoints(program: TrainerProgram, layout: Layout): Definition[] {
  const tensor = (name: string, type: TensorType, buffer: Buffer, more = ''): string =>
    `{ name: ${literal(name)}, shape: [${type.shape.map((d) => constantOf(d.size)).join(', ')}], data: ${layout.array(buffer)}${more} }`;
  const list = (name: string, doc: string, tensors: readonly string[]): Definition => ({
    kind: 'function',
    name,
    doc,
    parameters: [{ name: tensors.length > 0 ? 'm' : '_m', type: 'Memory' }],
    returns: 'Tensor[]',
    body:
      tensors.length === 1 && tensors[0] === `...${byList}`
        ? `return ${byList};`
        : `return [\n${elementsOf(tensors).join(',\n')}\n];`,
  });
  const isListed = layout.tables !== undefined && program.parameters.every(({ optional }) => !optional);
  const functions = [
    list('tensorsOf', 'What a checkpoint holds.', [
      ...(isListed ? [`...${byList}`] : []),
      ...[...(isListed ? [] : program.parameters), ...program.states].map((t) =>
        tensor(t.name, t.type, t.buffer, t.optional ? ', optional: true' : ''),
      ),
      ...program.averages.map((a) =>
        tensor(`${a.parameter}.ema`, a.type, a.buffer, `, starts: ${literal(a.parameter)}`),
      ),
    ]),
  ];
  const ofOptimizer = list(
    'optimizerOf',
    'What a checkpoint holds for the optimizer.',
    program.slots.map((s) => {
      const fresh = s.parameter === lossScale.parameter ? `, fresh: ${s.initial}` : '';
      return tensor(slotName(s), s.type, s.buffer, fresh);
    }),
  );
  const body = slotsByParameter(program, layout);
  if (program.slots.length > 0) functions.push({ ...ofOptimizer, ...(body !== undefined && { body }) });
  return functions;
}

/** Parameters, of arrays by name. */
const byList = 'tensorsBy(model.parameters, m.weights)';

/** So many tensors are told more shortly by the parameters whose they are. */
const manySlots = 16;

/** The same where what the optimizer keeps is alike for all parameters: its arrays alone. Undefined where it is not, or there are few. */
function slotsByParameter(program: TrainerProgram, layout: Layout): string | undefined {
  if (layout.tables?.slots) return 'return m.optimizer;';
  const names = slotNames(program);
  if (!names || program.slots.length < manySlots) return undefined;
  const arrays = elementsOf(program.slots.map(({ buffer }) => layout.array(buffer)));
  return `const arrays = [\n${arrays.join(',\n')}\n];\nreturn slotsOf(model.parameters, ${literal(names)}, (_, at) => arrays[at]);`;
}
