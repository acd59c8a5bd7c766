// Trains in a worker, keeps a checkpoint in IndexedDB, and goes on from it: to the bit, however the tab ended.
import { test, train } from './data.mjs';
import { createTrainer, model } from './spirals.js';
import { openStore } from './store.js';

const asked = new URL(self.location.href).searchParams;
const epochs = Number(asked.get('epochs') ?? 1000);
/** Milliseconds between two checkpoints. */
const every = Number(asked.get('every') ?? 1000);

/** What the page has asked for and has not got yet: 'go on', 'pause' or 'start over'. */
let order;
let ordered = () => {};
let stop = new AbortController();
self.onmessage = ({ data }) => {
  order = data;
  stop.abort();
  ordered();
};

/** The next thing that the page asks for. */
async function nextOrder() {
  if (order === undefined) await new Promise((resolve) => (ordered = resolve));
  const next = order;
  order = undefined;
  return next;
}

/** The places of the plane at which the page shows what the network thinks. */
const side = 48;
const grid = Float32Array.from({ length: 2 * side * side }, (_, i) => {
  const cell = i >> 1;
  return ((i % 2 === 0 ? cell % side : side - 1 - Math.floor(cell / side)) / (side - 1)) * 2.4 - 1.2;
});

/** The same number for the same bits of all weights. */
function fingerprint(parameters) {
  let hash = 0x811c9dc5;
  for (const { buffer, byteOffset, byteLength } of Object.values(parameters))
    for (const byte of new Uint8Array(buffer, byteOffset, byteLength)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}

/** Trains from where the run stands until it is over, or the page asks for something; `trains`: not only to show it. */
async function run(store, kept, trains) {
  const trainer = await createTrainer(kept ? { parameters: kept.checkpoint } : {});
  const curve = [...(kept?.curve ?? [])];
  let start = kept?.start ?? 0;
  const save = async (paused) => {
    const checkpoint = await trainer.save({ optimizer: true });
    await store.write({ source: model.source, epochs, start, curve, checkpoint, paused });
    postMessage({ kind: 'saved', start });
  };
  const show = async () => {
    const { probability } = await trainer.predict({ point: grid });
    const field = Float32Array.from({ length: side * side }, (_, i) => probability[2 * i + 1]);
    postMessage({ kind: 'field', field, side }, [field.buffer]);
  };
  postMessage({ kind: 'begin', start, curve, epochs });
  await show();
  if (trains) {
    stop = new AbortController();
    if (order) stop.abort();
    let [saved, shown] = [performance.now(), performance.now()];
    const options = { epochs, start, report: 'step', validation: test, signal: stop.signal };
    for await (const { epoch, step, steps, losses, validation } of trainer.fit(train, options)) {
      start = (epoch - 1) * steps + step;
      if (validation) curve.push(validation.loss);
      const now = performance.now();
      if (now - saved >= every) {
        await save(false);
        saved = performance.now();
      }
      if (now - shown < 100) continue;
      shown = now;
      postMessage({ kind: 'progress', epoch, start, all: epochs * steps, losses, curve });
      await show();
    }
    // To start over is to forget.
    if (order !== 'start over') await save(order === 'pause');
    await show();
  }
  const { loss, right } = await trainer.evaluate(test);
  const kind = trains && order === undefined ? 'done' : 'paused';
  postMessage({ kind, start, curve, loss, right, weights: fingerprint(trainer.parameters) });
  trainer.dispose();
}

async function main() {
  const store = await openStore('spirals');
  /** The run as it was saved; that of another model, or of another length, is of no use. */
  const saved = async () => {
    const kept = await store.read();
    return kept?.source === model.source && kept.epochs === epochs ? kept : undefined;
  };
  // What was paused stays so until the page asks.
  let wanted = (await saved())?.paused ? 'pause' : 'go on';
  for (;;) {
    if (wanted === 'start over') await store.clear();
    await run(store, await saved(), wanted !== 'pause');
    wanted = await nextOrder();
  }
}

const failed = (error) => postMessage({ kind: 'failed', message: String(error?.message ?? error) });
// Of several tabs one trains: the others wait until it is closed.
const alone = navigator.locks ? (action) => navigator.locks.request('spirals', action) : (action) => action();
postMessage({ kind: 'waiting' });
alone(main).catch(failed);
