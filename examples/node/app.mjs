// A program that imports a model as it is written. Run it with: node --import nnc/register app.mjs
import { createTrainer, model } from './line.nn?target=wasm';

const trainer = await createTrainer({ seed: 1 });
const data = { x: Float32Array.of(0, 1, 2, 3), y: Float32Array.of(1, 3, 5, 7) };
for await (const { epoch, losses } of trainer.fit(data, { epochs: 300, batch: 4 }))
  if (epoch % 100 === 0) console.log(`epoch ${epoch}: loss ${losses.loss.toExponential(1)}`);
const { prediction } = trainer.predict({ x: Float32Array.of(10) });
console.log(`${model.name}(10) = ${prediction[0].toFixed(1)}`);
