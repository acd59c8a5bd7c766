// Trains while the page is open, and paints what the network makes of the plane.
import { createTrainer } from './moons.nn';
import { twoMoons } from './points.js';

const points = twoMoons(512);
const trainer = createTrainer();
const size = 40;
const plane = Float32Array.from({ length: 2 * size * size }, (_, i) => {
  const cell = i >> 1;
  return i % 2 ? 1.5 - (2.5 * Math.floor(cell / size)) / size : -1.5 + (4 * (cell % size)) / size;
});

const canvas = document.querySelector('canvas');
const context = canvas?.getContext('2d');
const show = (id: string, text: string): void => {
  const output = document.getElementById(id);
  if (output) output.textContent = text;
};

function paint(): void {
  if (!canvas || !context) return;
  const { p } = trainer.predict({ at: plane });
  const cell = canvas.width / size;
  p.forEach((value, i) => {
    context.fillStyle = `hsl(${260 - 230 * value} 70% 55%)`;
    context.fillRect((i % size) * cell, Math.floor(i / size) * cell, cell, cell);
  });
}

const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
worker.onmessage = ({ data }: MessageEvent<number>) => show('worker', `loss ${data.toFixed(3)}`);

for await (const { losses } of trainer.fit(points)) {
  show('update', String(trainer.stepCount));
  show('loss', losses.loss.toFixed(4));
  paint();
  await new Promise(requestAnimationFrame);
}
