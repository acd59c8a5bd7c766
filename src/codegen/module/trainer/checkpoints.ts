// What checkpoints hold: the functions that list its tensors.
import { constantOf } from '../../../ir/index.js';
import { lossScale, slotName } from '../../../ir/model.js';
import type { TrainerProgram } from '../../../ir/program.js';
import type { Buffer } from '../../../ir/scalar.js';
import { sameShape, type TensorType } from '../../../ir/types.js';
import type { Definition } from '../../text/definition.js';
import { elementsOf } from '../../text/progressions.js';
import { literal } from '../../text/quote.js';
import type { Layout } from '../layout.js';

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
    body: `return [\n${elementsOf(tensors).join(',\n')}\n];`,
  });
  const functions = [
    list('tensorsOf', 'What a checkpoint holds.', [
      ...[...program.parameters, ...program.states].map((t) =>
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

/** So many tensors are told more shortly by the parameters whose they are. */
const manySlots = 16;

/** The same where each trained parameter has slots of the same names, of its own shape: their arrays alone. Undefined where they have not. */
function slotsByParameter({ parameters, slots }: TrainerProgram, layout: Layout): string | undefined {
  const trained = parameters.filter((p) => p.trained);
  const names = slots.filter(({ parameter }) => parameter === slots[0].parameter).map(({ name }) => name);
  const isRegular = slots.every(({ player, parameter, name, type }, i) => {
    const of = trained.at(Math.floor(i / names.length));
    return (
      player === undefined && parameter === of?.name && name === names[i % names.length] && sameShape(type, of.type)
    );
  });
  if (slots.length < manySlots || !isRegular || slots.length !== names.length * trained.length) return undefined;
  const arrays = elementsOf(slots.map(({ buffer }) => layout.array(buffer)));
  return `return slotsOf(model.parameters, ${literal(names)}, [\n${arrays.join(',\n')}\n]);`;
}
