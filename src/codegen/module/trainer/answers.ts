// How the methods of a trainer answer: here at once, from the fields of memory.
import type { Entry, TrainerProgram } from '../../../ir/program.js';
import { elementCount, type TensorType } from '../../../ir/types.js';
import { membersOf } from '../../text/progressions.js';
import { objectOf } from '../../text/quote.js';
import { runnerOf, type Answers } from '../engine.js';
import { gradientTypes, printSize, type Layout } from '../layout.js';
import { outputType } from './types.js';

/** Kernels have run when the function that runs them returns. */
export function answersAtOnce(program: TrainerProgram, layout: Layout): Answers {
  return {
    promised: false,
    run: (entry) => `${runnerOf(entry)}(m);`,
    scalars: (entry) => [`return ${lossesOf(entry, layout)};`],
    outputs: (entry) => [outputsOf(program, entry, layout)],
    gradients: (entry) => [gradientsOf(entry, layout)],
  };
}

function lossesOf(entry: Entry, layout: Layout): string {
  const fields = new Map(entry.results.map((r) => [r.name, `${layout.array(r.buffer)}[0]`]));
  return objectOf(fields);
}

function outputsOf(program: TrainerProgram, entry: Entry, layout: Layout): string {
  const inCall = { sizes: layout.sizes.map((s) => ({ ...s, variable: s.now })) };
  const fields = entry.results.map((r) => {
    const type = program.outputs.find((o) => o.name === r.name)?.type ?? scalarType;
    const copy = `${layout.array(r.buffer)}.slice(0, ${printSize(elementCount(type), inCall, 'm.')})`;
    return [r.name, outputType(type) === 'Uint8Array' ? `Uint8Array.from(${copy})` : copy] as const;
  });
  return `return ${objectOf(fields)};`;
}

const scalarType: TensorType = { element: { kind: 'f32' }, shape: [] };

function gradientsOf(entry: Entry, layout: Layout): string {
  const [loss, ...rest] = entry.results;
  if (layout.tables?.gradients && entry.name === 'gradients')
    return `return { loss: ${layout.array(loss.buffer)}[0], gradients: copiesOf(m.gradients) as Record<TrainedParameterName, Float32Array> };`;
  const fields = rest.map((r) => [r.name, `${layout.array(r.buffer)}.slice()`] as const);
  return `return { loss: ${layout.array(loss.buffer)}[0], gradients: ${membersOf(fields, gradientTypes)} };`;
}
