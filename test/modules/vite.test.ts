// The plugin's options: what it does not know is refused where the configuration is read.
import { expect, it } from 'vitest';
import nnc from '../../src/modules/vite.js';

it.each([
  ['{ "targets": "wasm" }', 'nnc/vite has no option targets; it takes target, relaxed, threads, model, set'],
  ['{ "target": "gpu" }', 'nnc/vite: target is one of ts, wasm, wgsl, wgsl,wasm; it was given gpu'],
  ['null', 'nnc/vite: options are an object'],
])('%s: %s', (options, message) => {
  expect(() => nnc(JSON.parse(options))).toThrow(new TypeError(message));
});

it('takes what an import may say', () => {
  expect(nnc({ target: 'wgsl,wasm', threads: false, model: 'm', set: { hidden: 3 } }).name).toBe('nnc');
});

it('has Vite watch a model wherever it is: of what lies outside its root it watches only what it reads itself', async () => {
  const watched: string[] = [];
  const plugin = nnc();
  plugin.configResolved({ command: 'serve' });
  plugin.configureServer({ watcher: { add: (file) => watched.push(file) } });
  const fails = (): never => expect.unreachable();
  await plugin.load.call({ addWatchFile: fails, warn: fails, error: fails }, '/elsewhere/line.nn?target=wasm');
  expect(watched).toEqual(['/elsewhere/line.nn']);
});
