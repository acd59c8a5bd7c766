// WebGPU in software, in a process of its own: Dawn over SwiftShader, or Dawn's null device, which only validates.
import { fork } from 'node:child_process';
import { advice, environmentOf, find } from '../../scripts/chromium.mjs';

/** Where Chromium has its software driver; VK_ICD_FILENAMES names another. */
const { driver = '' } = find();

export interface GpuTrainer {
  readonly model: { name: string; parameters: { name: string; shape: number[]; count: number }[] };
  step(inputs: object, block?: string): Promise<Record<string, number>>;
  /** Where the model observes something. */
  observe(inputs: object): Promise<void>;
  evaluate(inputs: object): Promise<Record<string, number>>;
  predict(inputs: object): Promise<Record<string, ArrayLike<number>>>;
  gradients(inputs: object, block?: string): Promise<{ loss: number; gradients: Record<string, Float32Array> }>;
  read(): Promise<Record<string, Float32Array>>;
  save(options?: object): Promise<Uint8Array>;
  load(checkpoint: Uint8Array): Promise<void>;
  freeze(patterns: readonly string[]): Promise<void>;
  /** Sets what multiplies learning rates. */
  scale(value: number): Promise<void>;
  stepCount(): Promise<number>;
  /** With precision = "mixed". */
  lossScale(): Promise<number>;
  fit(data: object, options?: object): Promise<Record<string, unknown>[]>;
  together(calls: readonly { method: string; args: readonly unknown[] }[]): Promise<unknown[]>;
  dispose(): Promise<void>;
}

export interface GpuProcess {
  createTrainer(code: string, options?: object): Promise<GpuTrainer>;
  /** Makes a trainer that is given no device. */
  createWithout(code: string): Promise<unknown>;
  shaders(work: {
    code: string;
    dispatches: readonly { name: string; groups: readonly number[] }[];
    floats: Float32Array;
    integers: Int32Array;
    call: Int32Array;
  }): Promise<{ floats: Float32Array; integers: Int32Array }>;
  /** What is wrong with shaders. */
  validate(code: string): Promise<string[]>;
  /** Errors of the device that no call has reported. */
  errors(): Promise<string[]>;
  /** How often the device has made or done something for trainers so far. */
  counts(): Promise<Record<'createBuffer' | 'createComputePipeline' | 'createBindGroup' | 'submit', number>>;
  loseDevice(): Promise<void>;
  end(): void;
}

interface Answer {
  readonly id?: number;
  readonly ready?: string;
  readonly result?: unknown;
  readonly error?: { readonly name: string; readonly message: string };
}

/** The texts that a module may give to a device: with totals by trees, and by subgroups where it has any. */
export function shadersOf(code: string): string[] {
  const [shaders = '', totals, subgroupTotals] = [...code.matchAll(/\/\* wgsl \*\/ `((?:[^`\\]|\\[^])*)`/g)].map(
    ([, text]) => text,
  );
  return totals === undefined ? [shaders] : [shaders + totals, `enable subgroups;\n${shaders}${subgroupTotals}`];
}

/** Starts the process; the device has the features of subgroups and of halves if wanted. Where there is no device, that is an error which says what is missing. */
export async function startGpu(
  kind: 'swiftshader' | 'null',
  { subgroups = false, halves = false }: { readonly subgroups?: boolean; readonly halves?: boolean } = {},
): Promise<GpuProcess> {
  if (kind === 'swiftshader' && driver === '')
    throw new Error('the tests need the software GPU of Chromium: node scripts/chromium.mjs');
  const child = fork(new URL('gpuProcess.mjs', import.meta.url), kind === 'null' ? ['backend=null'] : [], {
    serialization: 'advanced',
    env: {
      ...process.env,
      ...environmentOf(driver),
      XDG_RUNTIME_DIR: '/tmp',
      VK_ICD_FILENAMES: driver,
      NNC_FEATURES: [...(subgroups ? ['subgroups'] : []), ...(halves ? ['shader-f16'] : [])].join(),
    },
    execArgv: [],
  });
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let ended: string | undefined;
  child.on('exit', (code, signal) => {
    ended = `the process of the GPU has ended (${code ?? signal})`;
    for (const { reject } of waiting.values()) reject(new Error(ended));
  });
  const ready = new Promise<string | undefined>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => reject(new Error(`the process of the GPU did not start (${code ?? signal})`)));
    child.on('message', (answer: Answer) => {
      if (answer.id === undefined) return resolve(answer.ready);
      const call = waiting.get(answer.id);
      waiting.delete(answer.id);
      if (!answer.error) return call?.resolve(answer.result);
      const error = new Error(answer.error.message);
      error.name = answer.error.name;
      call?.reject(error);
    });
  });
  if ((await ready) === undefined) {
    child.kill();
    throw new Error(`WebGPU finds no adapter by ${driver}: ${advice}`);
  }
  let calls = 0;
  const ask = (action: string, given: object = {}): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (ended) return reject(new Error(ended));
      const id = calls++;
      waiting.set(id, { resolve, reject });
      child.send({ id, action, ...given });
    });
  // What comes back is what the child's code says it is.
  const typed = ask as <T>(action: string, given?: object) => Promise<T>;
  return {
    async createTrainer(code, options = {}) {
      const { key, model } = await typed<{ key: number; model: GpuTrainer['model'] }>('create', {
        code,
        options,
        given: true,
      });
      const call =
        <T>(method: string) =>
        (...args: readonly unknown[]): Promise<T> =>
          typed<T>('call', { key, method, args });
      return {
        model,
        step: call('step'),
        observe: call('observe'),
        evaluate: call('evaluate'),
        predict: call('predict'),
        gradients: call('gradients'),
        read: call('read'),
        save: call('save'),
        load: call('load'),
        freeze: call('freeze'),
        dispose: call('dispose'),
        scale: (value) => typed('set', { key, property: 'learningRateScale', value }),
        stepCount: () => typed('get', { key, property: 'stepCount' }),
        lossScale: () => typed('get', { key, property: 'lossScale' }),
        fit: (data, fitOptions = {}) => typed('fit', { key, data, options: fitOptions }),
        together: (all) => typed('together', { key, calls: all }),
      };
    },
    createWithout: (code) => ask('create', { code, given: false }),
    shaders: (work) => typed('shaders', work),
    validate: (code) => typed('validate', { code }),
    errors: () => typed('errors'),
    counts: () => typed('counts'),
    loseDevice: () => typed('lose'),
    end: () => child.disconnect(),
  };
}
