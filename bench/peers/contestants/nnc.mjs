// Trainers that nnc compiles from models/NAME.nn.
import { readFileSync } from 'node:fs';
import { compile } from '../../../dist/index.js';

/** Does V8 join neighbouring vectors, of all contestants, in this process? */
const wide = process.execArgv.includes('--experimental-wasm-revectorize');

export const ts = contestant('nnc ts', { target: 'ts' });
export const wasm = contestant('nnc wasm', { target: 'wasm', wide });
export const relaxed = contestant('nnc wasm relaxed', { target: 'wasm', relaxed: true, wide });

function contestant(name, options) {
  return {
    name,
    async start(workload) {
      const file = `${workload.name}.nn`;
      const text = readFileSync(new URL(`../models/${file}`, import.meta.url), 'utf8');
      const { code, diagnostics } = await compile({ file, text }, { ...options, language: 'js' });
      if (code === undefined) throw new Error(diagnostics.map(({ message }) => message).join('\n'));
      const { createTrainer, model } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
      // Layer by layer, in the model's own order.
      const { tensors } = workload;
      const parameters = Object.fromEntries(model.parameters.map((parameter, i) => [parameter.name, tensors[i]]));
      const trainer = await createTrainer({ parameters, batch: workload.batch });
      const { batches } = workload;
      let losses;
      return {
        step(i) {
          losses = trainer.step(batches[i % batches.length]);
        },
        loss: () => losses.loss,
      };
    },
  };
}
