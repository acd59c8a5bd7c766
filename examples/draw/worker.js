// Trains in a worker, and answers what is drawn between two steps.
const chosen = new URL(self.location.href).searchParams.get('target');

/** The GPU's module where there is a GPU, else WebAssembly's: the same API. */
async function load() {
  const adapter = chosen === 'wasm' ? null : await navigator.gpu?.requestAdapter().catch(() => null);
  if (adapter || chosen === 'wgsl') {
    try {
      const { createTrainer } = await import('./generated/wgsl.js');
      const trainer = await createTrainer();
      trainer.dispose();
      return { target: 'WebGPU', createTrainer };
    } catch (error) {
      if (chosen === 'wgsl') throw error;
    }
  }
  const { createTrainer } = await import('./generated/wasm.js');
  return { target: 'WebAssembly', createTrainer };
}

async function readDigits() {
  const response = await fetch(new URL('../digits.bin', self.location.href));
  if (!response.ok) throw new Error(`digits.bin: ${response.status}`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  const [train, test] = new Uint32Array(bytes.buffer, 0, 2);
  const set = (from, count) => {
    const start = 8 + from * 785;
    const image = Float32Array.from(bytes.subarray(start, start + count * 784), (grey) => grey / 255);
    return { image, label: bytes.slice(start + count * 784, start + count * 785) };
  };
  return { train: set(0, train), test: set(train, test) };
}

let trainer;
let stop = new AbortController();

async function train({ createTrainer }, digits) {
  stop.abort();
  const own = new AbortController();
  stop = own;
  trainer?.dispose();
  trainer = await createTrainer();
  const begin = performance.now();
  let shown = 0;
  const options = { report: 'step', validation: digits.test, signal: own.signal };
  for await (const { epoch, epochs, step, steps, losses, validation } of trainer.fit(digits.train, options)) {
    if (own.signal.aborted) return;
    const now = performance.now();
    if (now - shown < 60 && !validation) continue;
    shown = now;
    const seconds = (now - begin) / 1000;
    postMessage({ kind: 'progress', epoch, epochs, step, steps, losses, validation, seconds });
  }
  if (!own.signal.aborted) postMessage({ kind: 'done', seconds: (performance.now() - begin) / 1000 });
}

async function start() {
  const module = await load();
  postMessage({ kind: 'ready', target: module.target });
  const digits = await readDigits();
  self.onmessage = ({ data }) => {
    if (data.kind === 'train') train(module, digits).catch(report);
    else if (trainer) answer(data).catch(report);
  };
  await train(module, digits);
}

let newest;
let answering = false;

/** While one drawing is read, more come in; the last of them is next. */
async function answer(drawing) {
  newest = drawing;
  if (answering) return;
  answering = true;
  try {
    while (newest) {
      const { image, id } = newest;
      newest = undefined;
      const { probability } = await trainer.predict({ image });
      postMessage({ kind: 'answer', id, probability });
    }
  } finally {
    answering = false;
  }
}

function report(error) {
  postMessage({ kind: 'failed', message: String(error?.message ?? error) });
}

start().catch(report);
