// The same model on WebAssembly, away from the page's thread.
import { createTrainer } from './moons.nn?target=wasm';
import { twoMoons } from './points.js';

const trainer = await createTrainer();
for await (const { losses } of trainer.fit(twoMoons(512), { epochs: 50 })) postMessage(losses.loss);
