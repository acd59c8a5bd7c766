// What a module says about itself: the source at its head, and the constant `model`.
import { constantOf } from '../../../ir/index.js';
import { fingerprint } from '../../../ir/fingerprint.js';
import type { TargetTraits, TrainerProgram } from '../../../ir/program.js';
import { elementCount, printType } from '../../../ir/types.js';
import { version } from '../../../embedded.js';
import { elementsOf } from '../../text/progressions.js';
import { comment, literal, objectOf } from '../../text/quote.js';
import { lossNames } from './types.js';

/** A target's name; of two, the second stands in where the first is missing. */
type TargetName = TargetTraits['name'] | 'wgsl,wasm';

/** The model's source as a comment. */
export function header({ model }: TrainerProgram, target: TargetName): string {
  const lines = model.text.replace(/\s+$/, '').split(/\r\n|[\n\r\u2028\u2029]/);
  return comment([
    `Compiled by nnc ${version} for ${target} from ${fileOf(model)}:`,
    '',
    // TypeScript reads comments that begin with such words.
    ...lines.map((line) => `  ${line.replace(/^(\s*@)(?=ts-)/, '$1 ')}`),
  ]);
}

/** The name of the model's file, as the module says it. */
function fileOf({ sources, file }: TrainerProgram['model']): string {
  const [own = file] = sources.keys();
  return own;
}

export function modelInfo(program: TrainerProgram, target: TargetName): string {
  const tensor = ({ name, type }: TrainerProgram['outputs'][number]) => ({ name, type: printType(type) });
  const parameters = program.parameters.map(({ name, type, trained }) =>
    literal({
      name,
      shape: type.shape.map((d) => constantOf(d.size)),
      count: constantOf(elementCount(type)),
      trained,
    }),
  );
  const info = objectOf([
    ['name', literal(program.model.name)],
    ['inputs', literal(program.inputs.map(tensor))],
    ['outputs', literal(program.outputs.map(tensor))],
    ['metrics', literal(lossNames(program).filter((name) => name !== 'loss'))],
    ['parameters', listOf(parameters)],
    ['target', literal(target)],
    ['compiler', literal(`nnc ${version}`)],
    ['source', literal(`fnv1a-64:${fingerprint(program.model.text)}`)],
  ]);
  return `export const model: ModelInfo = ${info};`;
}

/** The parameters; a loop does not tell that the names which it puts together are names of parameters. */
function listOf(parameters: readonly string[]): string {
  const elements = elementsOf(parameters);
  const list = `[${elements.join(', ')}]`;
  return elements.length === parameters.length ? list : `${list} as ModelInfo['parameters']`;
}
