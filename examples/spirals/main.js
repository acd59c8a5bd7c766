// The page: shows what the worker tells, and tells it what its buttons say.
import { train } from './data.mjs';

const at = (id) => document.getElementById(id);
const worker = new Worker(new URL(`./worker.js${location.search}`, import.meta.url), { type: 'module' });
const count = (n) => `${n.toLocaleString('en')} ${n === 1 ? 'step' : 'steps'}`;

const plane = at('plane').getContext('2d');
const small = document.createElement('canvas');

/** What the network thinks of each place, under the points that it learns from. */
function showField({ field, side }) {
  small.width = small.height = side;
  const pen = small.getContext('2d');
  const image = pen.createImageData(side, side);
  const [first, second] = [
    [240, 180, 90],
    [90, 170, 200],
  ];
  field.forEach((p, i) => {
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = first[c] + (second[c] - first[c]) * p;
    image.data[4 * i + 3] = 255;
  });
  pen.putImageData(image, 0, 0);
  const { width } = plane.canvas;
  plane.drawImage(small, 0, 0, width, width);
  train.arm.forEach((arm, i) => {
    const [x, y] = [train.point[2 * i], train.point[2 * i + 1]];
    plane.fillStyle = arm === 0 ? '#8a4b00' : '#004a66';
    plane.fillRect(((x + 1.2) / 2.4) * width - 2, ((1.2 - y) / 2.4) * width - 2, 4, 4);
  });
}

function showCurve(curve, epochs) {
  const most = Math.max(0.7, ...curve);
  const points = curve.map((loss, i) => `${(300 * (i + 1)) / epochs},${100 - (98 * loss) / most}`);
  at('curve').querySelector('polyline').setAttribute('points', points.join(' '));
}

let epochs = 1;
let paused = false;

function showButtons(state) {
  paused = state === 'paused';
  at('pause').textContent = paused ? 'Go on' : 'Pause';
  at('pause').disabled = state === 'done';
  at('over').disabled = false;
  at('status').dataset.state = state;
}

at('pause').addEventListener('click', () => {
  at('pause').disabled = true;
  worker.postMessage(paused ? 'go on' : 'pause');
});
at('over').addEventListener('click', () => {
  at('over').disabled = true;
  worker.postMessage('start over');
});

const shows = {
  waiting: () => (at('status').textContent = 'waiting for another tab that trains…'),
  begin({ start, curve, epochs: all }) {
    epochs = all;
    at('from').textContent = count(start);
    at('from').dataset.steps = String(start);
    at('saved').textContent = start > 0 ? count(start) : '–';
    at('weights').textContent = '–';
    showCurve(curve, epochs);
    showButtons('training');
  },
  progress({ epoch, start, all, losses, curve }) {
    at('status').textContent =
      `epoch ${epoch} of ${epochs}: loss ${losses.loss.toFixed(3)}, ${count(start)} of ${count(all)}`;
    at('progress').value = start / all;
    showCurve(curve, epochs);
  },
  saved({ start }) {
    at('saved').textContent = count(start);
    at('saved').dataset.steps = String(start);
  },
  field: showField,
  paused: (end) => showEnd(end, 'paused'),
  done: (end) => showEnd(end, 'done'),
  failed: ({ message }) => (at('status').textContent = `training failed: ${message}`),
};

function showEnd({ start, curve, loss, right, weights }, state) {
  const words = state === 'done' ? 'done' : 'paused';
  at('status').textContent =
    `${words} after ${count(start)}: loss ${loss.toFixed(3)}, ${(100 * right).toFixed(1)} % right on points it has not seen`;
  at('status').dataset.steps = String(start);
  at('progress').value = curve.length / epochs;
  at('weights').textContent = weights;
  showCurve(curve, epochs);
  showButtons(state);
}

worker.onmessage = ({ data }) => shows[data.kind](data);
worker.onerror = ({ message }) => shows.failed({ message });
