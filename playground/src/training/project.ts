// A project to take away: the model, its module, its data and a program that trains with them, as a zip that needs nothing but Node.
import { strToU8, zipSync } from 'fflate';
import { arraysIn } from '../../../src/data/dataset.js';
import { emitBoth } from '../compiler/services/emit.js';
import type { Source } from '../../../src/diagnostics/diagnostic.js';
import { running } from './run.js';

/** The zip of the run's model and data, its weights as they are now. */
export async function project(source: Source): Promise<Uint8Array> {
  const { model, rows, trainer } = running();
  const target = 'wasm';
  const modules = await emitBoth(source, { target });
  if (!modules) throw new Error('the model has errors');
  const { name } = model;
  const folder = name.replace(/[^\w-]/g, '-');
  const data = Object.fromEntries(
    Object.entries(arraysIn(rows.data)).map(([input, values]) => [
      input,
      { type: values.constructor.name, values: Array.from(values, shortest) },
    ]),
  );
  const files: Readonly<Record<string, string | Uint8Array>> = {
    'README.md': readmeOf(name, source.file, rows.data.rows),
    'package.json': `${JSON.stringify({ name: folder.toLowerCase(), private: true, type: 'module', scripts: { start: 'node train.mjs' } }, null, 2)}\n`,
    [source.file]: source.text,
    'model.ts': modules.typescript,
    'model.js': modules.javascript,
    'data.json': JSON.stringify(data),
    'data.mjs': dataModule,
    'train.mjs': program,
    'weights.safetensors': await trainer.save({ optimizer: true }),
  };
  const packed = Object.entries(files).map(
    ([file, content]) => [`${folder}/${file}`, typeof content === 'string' ? strToU8(content) : content] as const,
  );
  return zipSync(Object.fromEntries(packed), { level: 6 });
}

/** A number of single precision in as few digits as tell it. */
function shortest(value: number): number {
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return value;
}

const dataModule = `// The rows that the model is trained on: an array for each of its inputs.
import { readFileSync } from 'node:fs';

const types = { Float32Array, Int32Array, Uint8Array };
const stored = JSON.parse(readFileSync(new URL('./data.json', import.meta.url), 'utf8'));

export const train = Object.fromEntries(
  Object.entries(stored).map(([input, { type, values }]) => [input, types[type].from(values)]),
);
`;

const program = `// Trains the model from its beginning, and saves its weights: node train.mjs
import { writeFileSync } from 'node:fs';
import { createTrainer, model } from './model.js';
import { train } from './data.mjs';

const trainer = await createTrainer();
for await (const { epoch, epochs, losses } of trainer.fit(train)) {
  const told = Object.entries(losses).map(([name, value]) => \`\${name} \${value.toPrecision(4)}\`);
  if (epoch === 1 || epoch === epochs || epoch % Math.ceil(epochs / 10) === 0)
    console.log(\`epoch \${epoch}/\${epochs}  \${told.join('  ')}\`);
}
writeFileSync(\`\${model.name}.safetensors\`, await trainer.save());
`;

function readmeOf(name: string, file: string, rows: number): string {
  return `# ${name}

Made in the playground of nnc. Node 20 or later is all it needs:

    node train.mjs

| file | holds |
| --- | --- |
| ${file} | the model |
| model.js, model.ts | the trainer module that it was compiled to, in JavaScript and in TypeScript |
| data.json, data.mjs | ${rows} rows to train on |
| weights.safetensors | the weights and the optimizer as they were in the playground: \`await trainer.load(bytes)\` |

With nnc, \`nnc train ${file} --data data.mjs\` trains the model too.
`;
}
