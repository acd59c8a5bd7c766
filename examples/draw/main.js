// The page: a loss curve while the worker trains, and a sheet of paper to draw on.
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { toPixels } from './pixels.js';
import TrainingWorker from './worker.js?worker&url';

const at = (id) => document.getElementById(id);
const target = new URLSearchParams(location.search).get('target');
const worker = new Worker(new URL(`${TrainingWorker}${target ? `?target=${target}` : ''}`, location.href), {
  type: 'module',
});

// ---- training --------------------------------------------------------------------------------

const points = [[], [], []];
/** A colour of the page's, which follows its theme. */
const colour = (element, property) => () => getComputedStyle(element)[property];
const [ink, accent, other] = [
  colour(document.body, 'color'),
  colour(at('target'), 'backgroundColor'),
  colour(at('curve'), 'borderTopColor'),
];
const size = () => ({ width: at('curve').clientWidth, height: 200 });
const axis = { stroke: ink, grid: { stroke: '#8884' }, ticks: { stroke: '#8884' } };
const plot = new uPlot(
  {
    ...size(),
    scales: { x: { time: false }, y: { range: (_, low, high) => [0, Math.max(0.5, high)] } },
    axes: [
      { ...axis, label: 'epoch', labelSize: 20 },
      { ...axis, size: 44 },
    ],
    series: [
      { label: 'epoch' },
      { label: 'loss', stroke: accent, width: 2, points: { show: false }, value: (_, v) => v?.toFixed(4) ?? '--' },
      {
        label: 'loss on unseen digits',
        stroke: other,
        width: 2,
        points: { size: 6 },
        spanGaps: true,
        value: (_, v) => v?.toFixed(4) ?? '--',
      },
    ],
  },
  points,
  at('curve'),
);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => plot.redraw());
new ResizeObserver(() => plot.setSize(size())).observe(at('curve'));

const percent = (share) => `${(100 * share).toFixed(1)} %`;

function showProgress({ epoch, epochs, step, steps, losses, validation, seconds }) {
  const done = epoch - 1 + step / steps;
  points[0].push(done);
  points[1].push(losses.loss);
  points[2].push(validation ? validation.loss : null);
  plot.setData(points);
  at('progress').value = done / epochs;
  const speed = Math.round((done * steps) / seconds).toLocaleString('en');
  at('status').textContent =
    `epoch ${epoch} of ${epochs}: loss ${losses.loss.toFixed(3)}, ${percent(losses.accuracy)} right, ${speed} steps a second`;
  at('status').dataset.loss = String(losses.loss);
  if (validation) at('status').dataset.accuracy = String(validation.accuracy);
}

at('again').addEventListener('click', () => {
  for (const list of points) list.length = 0;
  delete at('status').dataset.accuracy;
  at('again').disabled = true;
  worker.postMessage({ kind: 'train' });
});

// ---- drawing ---------------------------------------------------------------------------------

const paper = at('paper');
const pen = paper.getContext('2d', { willReadFrequently: true });
let last;
let drawn = false;
let asked = 0;
/** What was asked up to here is about a sheet that is gone. */
let gone = 0;

function clear() {
  pen.fillStyle = '#fff';
  pen.fillRect(0, 0, paper.width, paper.height);
  drawn = false;
  gone = asked;
  at('answer').textContent = '–';
  for (const meter of at('bars').querySelectorAll('meter')) meter.value = 0;
  for (const share of at('bars').querySelectorAll('span')) share.textContent = '';
}

function place(event) {
  const box = paper.getBoundingClientRect();
  const scale = paper.width / box.width;
  return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
}

function draw(event) {
  const here = place(event);
  pen.strokeStyle = '#000';
  pen.lineWidth = 20;
  pen.lineCap = 'round';
  pen.lineJoin = 'round';
  pen.beginPath();
  pen.moveTo(...(last ?? here));
  pen.lineTo(...here);
  pen.stroke();
  last = here;
  drawn = true;
  ask();
}

paper.addEventListener('pointerdown', (event) => {
  paper.setPointerCapture(event.pointerId);
  last = undefined;
  draw(event);
});
paper.addEventListener('pointermove', (event) => {
  if (event.buttons > 0) draw(event);
});
at('clear').addEventListener('click', clear);

/** Only the newest drawing is answered. */
function ask() {
  const { data } = pen.getImageData(0, 0, paper.width, paper.height);
  worker.postMessage({ kind: 'predict', id: ++asked, image: toPixels(data, paper.width) });
}

for (let digit = 0; digit < 10; digit++) {
  const row = document.createElement('li');
  row.innerHTML = `<b>${digit}</b><meter min="0" max="1" value="0" aria-label="probability of ${digit}"></meter><span></span>`;
  at('bars').append(row);
}

/** A drawing is asked about again while it waits: where training is slow, the newest answer is one to an earlier question. */
function showAnswer({ id, probability }) {
  if (id <= gone) return;
  const best = probability.indexOf(Math.max(...probability));
  at('answer').textContent = String(best);
  [...at('bars').children].forEach((row, digit) => {
    row.querySelector('meter').value = probability[digit];
    row.querySelector('span').textContent = percent(probability[digit]);
  });
}

// ---- what the worker says --------------------------------------------------------------------

worker.onerror = (event) => (at('status').textContent = `the worker failed: ${event.message}`);
worker.onmessage = ({ data }) => {
  switch (data.kind) {
    case 'ready':
      at('target').textContent = data.target;
      return;
    case 'progress':
      showProgress(data);
      // What was drawn before sees the network improve.
      if (drawn) ask();
      return;
    case 'done':
      at('status').textContent += `; done in ${data.seconds.toFixed(1)} s`;
      at('again').disabled = false;
      return;
    case 'answer':
      showAnswer(data);
      return;
    case 'failed':
      at('status').textContent = `training failed: ${data.message}`;
  }
};

clear();
