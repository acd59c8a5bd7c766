// Small models that once gave wrong numbers, crashed or passed unchecked: the right value or message, on every target.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Target } from '../../src/index.js';
import { startGpu, type GpuProcess } from '../support/gpu.js';
import { importCode } from '../support/trainer.js';
import { plainly, withoutTypes } from '../support/runnable.js';

type Given = Record<string, Record<string, readonly (number | string)[]> | { readonly fill: number; readonly count: number }>;

interface Fault {
  readonly name: string;
  readonly model: string;
  readonly seed?: number;
  readonly parameters?: unknown;
  readonly calls: readonly (readonly [method: string, inputs?: Given, ...rest: unknown[]])[];
  readonly expect: { readonly value?: unknown; readonly error?: string; readonly diagnostic?: string; readonly tolerance?: number };
}

const faults: readonly Fault[] = JSON.parse(readFileSync(new URL('faults.json', import.meta.url), 'utf8'));

/** What WebGPU lets an implementation assume: that there is no NaN and no infinity. */
const beyondWgsl: ReadonlySet<string> = new Set(['logsumexp-infinite', 'argmax-of-nan', 'x-minus-x']);

let gpu: GpuProcess;
beforeAll(async () => {
  gpu = await startGpu('swiftshader');
});
afterAll(() => gpu?.end());

const runs = faults.flatMap((fault) =>
  (['ts', 'wasm', 'wgsl'] as const)
    .filter((target) => target !== 'wgsl' || !beyondWgsl.has(fault.name))
    .map((target) => [fault.name, target, fault] as const),
);

describe('faults of the past', () => {
  it.each(runs)('%s is right on %s', async (name, target, { model, expect: expected, ...run }) => {
    const { code, diagnostics } = await plainly({ file: `${name}.nn`, text: model }, { target });
    const told = diagnostics.map((d) => `${d.code} ${d.message}`).join(' | ');
    if (expected.diagnostic !== undefined) {
      expect(code === undefined, "it compiles").toBe(true);
      expect(told).toMatch(new RegExp(expected.diagnostic, 'i'));
      return;
    }
    expect(code, told).toBeDefined();
    const outcome = resultOf(await withoutTypes(code ?? ''), target, run);
    if (expected.error !== undefined)
      await expect(outcome.then(undefined, (error: Error) => `${error.name}: ${error.message}`)).resolves.toMatch(
        new RegExp(expected.error, 'i'),
      );
    else compare(await outcome, expected.value, expected.tolerance ?? 1e-5, 'result');
  });
});

/** What the last call gives. */
async function resultOf(code: string, target: Target, run: Omit<Fault, 'name' | 'model' | 'expect'>): Promise<unknown> {
  const options = { ...(run.seed !== undefined && { seed: run.seed }), ...(run.parameters !== undefined && { parameters: run.parameters }) };
  const trainer = target === 'wgsl' ? await gpu.createTrainer(code, options) : await (await importCode(code)).createTrainer(options);
  let result: unknown;
  for (const [method, inputs, ...rest] of run.calls) {
    if (method === 'parameters') {
      result = 'parameters' in trainer ? trainer.parameters : await trainer.read();
      continue;
    }
    const call: unknown = Reflect.get(trainer, method);
    if (typeof call !== 'function') throw new Error(`there is no ${method}`);
    result = await call.call(trainer, arraysOf(inputs ?? {}), ...rest);
  }
  await trainer.dispose();
  return result;
}

const kinds = { f32: Float32Array, i32: Int32Array, u8: Uint8Array, u32: Uint32Array };

function arraysOf(given: Given): Record<string, ArrayLike<number> | BigInt64Array> {
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => {
      if ('fill' in value) return [name, new Float32Array(Number(value.count)).fill(Number(value.fill))];
      const [[kind, elements]] = Object.entries(value);
      if (kind === 'i64') return [name, BigInt64Array.from(elements.map((x) => BigInt(x)))];
      if (!(kind in kinds)) throw new Error(`${name}: no array of ${kind}`);
      return [name, new kinds[kind as keyof typeof kinds](elements.map(Number))];
    }),
  );
}

/** Numbers agree to the tolerance of the largest one beside them; NaN and infinities exactly. */
function compare(got: unknown, want: unknown, tolerance: number, path: string): void {
  if (Array.isArray(want)) {
    const numbers = want.map(Number);
    const largest = Math.max(1e-12, ...numbers.map(Math.abs).filter(Number.isFinite));
    const values = Array.from(got as ArrayLike<number>, Number);
    expect(values.length, path).toBe(want.length);
    for (const [i, value] of numbers.entries())
      if (Number.isFinite(value)) expect(Math.abs(values[i] - value), `${path}[${i}] is ${values[i]}, right is ${value}`).toBeLessThanOrEqual(tolerance * largest);
      else expect(values[i], `${path}[${i}]`).toBe(value);
  } else if (typeof want === 'number')
    expect(Math.abs(Number(got) - want), `${path} is ${got}, right is ${want}`).toBeLessThanOrEqual(tolerance * Math.abs(want) + 1e-30);
  else if (typeof want === 'object' && want !== null)
    for (const [key, part] of Object.entries(want)) compare(Reflect.get(Object(got), key), part, tolerance, `${path}.${key}`);
  else throw new Error(`${path}: what is ${String(want)}?`);
}
