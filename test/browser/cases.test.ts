// Whole models on the WebGPU of headless Chromium, in software, against PyTorch's numbers.
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { checkCase, type CaseModule, type CaseTrainer } from '../reference/checkCase.js';
import { cases } from '../reference/reference.js';
import { chosen } from '../support/full.js';
import { openPage, withWebGpu, type Served } from './page.js';

/** Typed arrays as they cross between Node and the page: with the name of their class. */
function packed(value: unknown): unknown {
  if (value instanceof Float32Array || value instanceof Int32Array || value instanceof Uint8Array)
    return { array: value.constructor.name, values: Array.from(value) };
  if (Array.isArray(value) || typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, packed(part)]));
}

/** Runs in the page: makes trainers, keeps them by number, and calls them. Results are plain numbers and lists. */
const bridge = (path: string): string => `(async () => {
  const { createTrainer, model } = await import('${path}');
  const unpacked = (value) =>
    Array.isArray(value) || typeof value !== 'object' || value === null ? value
    : value.array ? globalThis[value.array].from(value.values)
    : Object.fromEntries(Object.entries(value).map(([name, part]) => [name, unpacked(part)]));
  const plain = (value) =>
    ArrayBuffer.isView(value) ? Array.from(value)
    : typeof value !== 'object' || value === null ? value
    : Object.fromEntries(Object.entries(value).map(([name, part]) => [name, plain(part)]));
  const trainers = [];
  globalThis.create = async (options) => trainers.push(await createTrainer(unpacked(options))) - 1;
  globalThis.call = async (n, method, inputs) =>
    plain(method === 'stepCount' ? trainers[n].stepCount : await trainers[n][method](unpacked(inputs)));
  return model.parameters;
})()`;

async function load(page: Page, path: string): Promise<CaseModule> {
  const run = <T>(name: string, ...given: unknown[]): Promise<T> =>
    page.evaluate(`${name}(${given.map((value) => JSON.stringify(packed(value)) ?? 'undefined').join(', ')})`);
  return {
    parameters: await page.evaluate(bridge(path)),
    async createTrainer(options) {
      const n = await run<number>('create', options);
      const method =
        <T>(name: string) =>
        (inputs?: object): Promise<T> =>
          run<T>('call', n, name, inputs);
      return {
        step: method('step'),
        evaluate: method('evaluate'),
        predict: method('predict'),
        gradients: method('gradients'),
        read: method('read'),
        stepCount: method('stepCount'),
        dispose: method('dispose'),
      } satisfies CaseTrainer;
    },
  };
}

/** One browser for all cases, which takes longer to start than a case to run; each has its page anew. */
const modules: Record<string, string> = {};
let served: Served;
beforeAll(async () => {
  served = await openPage(modules, { flags: withWebGpu });
});
afterAll(() => served?.close());

/** Shaders of all of them run in codegen/wgslCases; here are loops, tables, states and several batches on a browser's device. */
const few = ['rnn', 'embedding_mean', 'batch_norm_net', 'mlp_relu_adam'];

describe.each(chosen(cases, (name) => few.includes(name)))('%s', (name) => {
  it('gives the recorded numbers in a page', () =>
    checkCase(name, 'wgsl', async (code) => {
      const path = `/${name}.js`;
      modules[path] = code;
      await served.page.reload();
      return load(served.page, path);
    }));
});
