// What a module with shaders inside needs of a device: buffers that grow, pipelines made once, calls and their results.
import { nameOf } from './checks.js';
import type { GpuBuffer, GpuDevice, GpuEncoder, GpuLimits, GpuPass } from './gpuTypes.js';

/** Words of each memory. */
export interface GpuRoom {
  readonly floats: number;
  readonly integers: number;
  readonly halves?: number;
}

/** A device with what a trainer keeps on it. */
export interface Gpu {
  readonly name: string;
  readonly device: GpuDevice;
  /** Whether the device was asked for here, and goes with the trainer. */
  readonly owned: boolean;
  readonly shaders: object;
  /** Lines that kernels come from: `mnist.nn:9`. */
  readonly places: Readonly<Record<string, string>>;
  readonly bindingLayout: object;
  readonly pipelineLayout: object;
  readonly pipelines: Map<string, object>;
  /** Sizes and counters of the call, and what the host computes of them. */
  readonly call: GpuBuffer;
  floats: GpuBuffer;
  integers: GpuBuffer;
  /** Where kernels store halves. */
  halves?: GpuBuffer;
  /** In words of four bytes. */
  room: GpuRoom;
  bindings: object;
  /** Loops around dispatches that stand within one another, and a buffer with the numbers of their rounds. */
  readonly depth: number;
  turns?: { readonly buffer: GpuBuffer; readonly count: number };
  /** What the calls of kernels with parameters give them, a list each. */
  readonly given?: GpuBuffer;
  /** Buffers through which results come back, used in turn. */
  readonly staging: { readonly buffer: GpuBuffer; readonly size: number; free: boolean }[];
  /** Why there was no memory when it last had to grow. */
  trouble: Promise<RangeError | undefined>;
  /** Why the device is gone. */
  lost?: Error;
}

// GPUBufferUsage and GPUMapMode.
export const gpuUsage = { mapRead: 1, copySource: 4, copyTarget: 8, uniform: 64, storage: 128 };

/** Shaders as text, and what they need of totals over the threads of a workgroup, in two forms. */
export interface GpuCode {
  readonly shaders: string;
  readonly places: Readonly<Record<string, string>>;
  readonly totals?: string;
  readonly subgroupTotals?: string;
}

/** The shaders on a device, with room for the call's words and nothing else yet. */
export async function openGpu(
  name: string,
  given: GpuDevice | undefined,
  code: GpuCode,
  kernels: readonly string[],
  callBytes: number,
  depth = 0,
  lists = 0,
): Promise<Gpu> {
  if (given !== undefined && typeof (given as GpuDevice | null)?.createBuffer !== 'function')
    throw new TypeError(`device: expected a GPUDevice, got ${nameOf(given)}`);
  const halves = /^\s*enable f16;/.test(code.shaders);
  const device = given ?? (await requestDevice(name, halves ? ['shader-f16'] : []));
  if (halves && !device.features.has('shader-f16')) throw withoutHalves(name, 'device');
  device.pushErrorScope('validation');
  const bindingLayout = device.createBindGroupLayout({ entries: bindingEntries(depth + (lists > 0 ? 1 : 0), halves) });
  const empty = (kind: string): object => ({
    label: `${name} ${kind}`,
    size: 16,
    usage: gpuUsage.storage | gpuUsage.copySource | gpuUsage.copyTarget,
  });
  const gpu: Gpu = {
    name,
    device,
    owned: given === undefined,
    shaders: device.createShaderModule({ label: name, code: textFor(device, code) }),
    places: code.places,
    bindingLayout,
    pipelineLayout: device.createPipelineLayout({ bindGroupLayouts: [bindingLayout] }),
    pipelines: new Map(),
    call: device.createBuffer({
      label: `${name} call`,
      size: callBytes,
      usage: gpuUsage.uniform | gpuUsage.copyTarget,
    }),
    floats: device.createBuffer(empty('floats')),
    integers: device.createBuffer(empty('integers')),
    ...(halves && { halves: device.createBuffer(empty('halves')) }),
    room: { floats: 4, integers: 4, halves: 4 },
    bindings: {},
    depth,
    ...(lists > 0 && {
      given: device.createBuffer({ size: turnBytes * lists, usage: gpuUsage.uniform | gpuUsage.copyTarget }),
    }),
    staging: [],
    trouble: Promise.resolve(undefined),
  };
  if (depth === 0) bindGpu(gpu);
  void device.lost.then(({ message }) => {
    gpu.lost ??= new Error(`${name}: the GPU device was lost${message ? `: ${message}` : ''}`);
  });
  for (const kernel of kernels) pipelineOf(gpu, kernel);
  const error = await device.popErrorScope();
  if (gpu.lost) throw gpu.lost;
  if (error) throw new Error(`${name}: the GPU device does not take the kernels: ${error.message}`);
  return gpu;
}

/** Floats, integers, the call, so many uniforms that dispatches move on in, and halves where there are any. */
function bindingEntries(uniforms: number, halves: boolean): object[] {
  const loops = Array.from({ length: uniforms }, () => 'uniform');
  return ['storage', 'storage', 'uniform', ...loops, ...(halves ? ['storage'] : [])].map((type, binding) => ({
    binding,
    visibility: 4,
    buffer: { type, hasDynamicOffset: binding > 2 && type === 'uniform' },
  }));
}

/** Threads tell one another by subgroups where the device was asked for them, else through the memory of their workgroup. */
function textFor({ features }: GpuDevice, { shaders, totals = '', subgroupTotals }: GpuCode): string {
  if (subgroupTotals === undefined || !features.has('subgroups')) return shaders + totals;
  return `enable subgroups;\n${shaders}${subgroupTotals}`;
}

/** What is missing, and what to do instead. */
function withoutHalves(name: string, what: string): Error {
  return new Error(
    `${name} stores halves (precision = "mixed"), and this GPU ${what} has no shader-f16: compile the model without precision, or with --target wasm`,
  );
}

async function requestDevice(name: string, needed: readonly string[]): Promise<GpuDevice> {
  const { gpu } = (globalThis.navigator ?? {}) as {
    gpu?: {
      requestAdapter(): Promise<{
        readonly limits: GpuLimits;
        readonly features: { has(name: string): boolean };
        requestDevice(descriptor: object): Promise<GpuDevice>;
      } | null>;
    };
  };
  const instead = 'give createTrainer a device, or compile the model with --target wasm';
  if (!gpu) throw new Error(`${name} needs WebGPU, which is missing here (there is no navigator.gpu): ${instead}`);
  const adapter = await gpu.requestAdapter();
  if (!adapter) throw new Error(`${name} needs WebGPU, which has no adapter here: ${instead}`);
  const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits;
  if (!needed.every((feature) => adapter.features.has(feature))) throw withoutHalves(name, 'adapter');
  const requiredFeatures = [...needed, ...['subgroups'].filter((feature) => adapter.features.has(feature))];
  return adapter.requestDevice({ requiredFeatures, requiredLimits: { maxBufferSize, maxStorageBufferBindingSize } });
}

function bindGpu(gpu: Gpu): void {
  const resources: object[] = [gpu.floats, gpu.integers, gpu.call].map((buffer) => ({ buffer }));
  for (let i = 0; i < gpu.depth; i++) resources.push({ buffer: gpu.turns?.buffer, size: 16 });
  if (gpu.given) resources.push({ buffer: gpu.given, size: turnBytes });
  if (gpu.halves) resources.push({ buffer: gpu.halves });
  const entries = resources.map((resource, binding) => ({ binding, resource }));
  gpu.bindings = gpu.device.createBindGroup({ layout: gpu.bindingLayout, entries });
}

/** Makes room for so many numbers; the first ones, which live across calls, are kept. */
export function growGpu(gpu: Gpu, need: GpuRoom, kept: { readonly floats: number; readonly integers: number }): void {
  const { device, room } = gpu;
  const most = Math.min(device.limits.maxBufferSize, device.limits.maxStorageBufferBindingSize);
  const needed = 4 * Math.max(need.floats, need.integers, need.halves ?? 0);
  const inMiB = (bytes: number): number => Math.ceil(bytes / 2 ** 20);
  if (needed > most)
    throw new RangeError(
      `memory: ${inMiB(needed)} MiB are needed, and the GPU device has buffers of at most ${inMiB(most)} MiB; use smaller batches`,
    );
  device.pushErrorScope('out-of-memory');
  const encoder = device.createCommandEncoder();
  const old: GpuBuffer[] = [];
  for (const kind of ['floats', 'integers'] as const) {
    if (need[kind] <= room[kind]) continue;
    const usage = gpuUsage.storage | gpuUsage.copySource | gpuUsage.copyTarget;
    const buffer = device.createBuffer({ label: `${gpu.name} ${kind}`, size: 4 * need[kind], usage });
    const size = 4 * Math.min(kept[kind], room[kind]);
    if (size > 0) encoder.copyBufferToBuffer(gpu[kind], 0, buffer, 0, size);
    old.push(gpu[kind]);
    gpu[kind] = buffer;
  }
  if (gpu.halves && (need.halves ?? 0) > (room.halves ?? 0)) {
    old.push(gpu.halves);
    gpu.halves = device.createBuffer({
      label: `${gpu.name} halves`,
      size: 4 * (need.halves ?? 0),
      usage: gpuUsage.storage,
    });
  }
  gpu.room = {
    floats: Math.max(need.floats, room.floats),
    integers: Math.max(need.integers, room.integers),
    halves: Math.max(need.halves ?? 0, room.halves ?? 0),
  };
  device.queue.submit([encoder.finish()]);
  for (const buffer of old) buffer.destroy();
  bindGpu(gpu);
  gpu.trouble = device
    .popErrorScope()
    .then((error) => (error ? new RangeError(`memory: ${inMiB(needed)} MiB cannot be had on the GPU`) : undefined));
}

/** Room for the numbers of so many rounds, as far apart as dynamic offsets must be. */
export function growTurns(gpu: Gpu, count: number): void {
  if (gpu.turns && gpu.turns.count >= count) return;
  const apart = turnBytes / 4;
  const numbers = new Int32Array(apart * count);
  for (let i = 0; i < count; i++) numbers[apart * i] = i;
  const buffer = gpu.device.createBuffer({ size: turnBytes * count, usage: gpuUsage.uniform | gpuUsage.copyTarget });
  gpu.device.queue.writeBuffer(buffer, 0, numbers);
  gpu.turns?.buffer.destroy();
  gpu.turns = { buffer, count };
}

/** Tells what calls give to the parameters of their kernels: a list of words each, as far apart as dynamic offsets must be. */
export function giveGpu(gpu: Gpu, lists: readonly (readonly number[])[]): void {
  if (!gpu.given) return;
  const words = new Int32Array((turnBytes / 4) * lists.length);
  lists.forEach((list, i) => words.set(list, (turnBytes / 4) * i));
  gpu.device.queue.writeBuffer(gpu.given, 0, words);
}

const turnBytes = 256;

function pipelineOf(gpu: Gpu, kernel: string): object {
  let pipeline = gpu.pipelines.get(kernel);
  if (!pipeline) {
    const compute = { module: gpu.shaders, entryPoint: kernel };
    const label = `${kernel} ${gpu.places[kernel] ?? ''}`.trimEnd();
    pipeline = gpu.device.createComputePipeline({ label, layout: gpu.pipelineLayout, compute });
    gpu.pipelines.set(kernel, pipeline);
  }
  return pipeline;
}

/** A call that is being written down: its kernels run in order, and what one stores the next ones see. */
export interface GpuRun {
  readonly gpu: Gpu;
  readonly encoder: GpuEncoder;
  readonly pass: GpuPass;
  /** Where the rounds of the loops around the dispatch lie. */
  readonly offsets: number[];
}

export function beginRun(gpu: Gpu, call: ArrayBuffer): GpuRun {
  gpu.device.queue.writeBuffer(gpu.call, 0, call);
  const encoder = gpu.device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  const offsets = Array.from({ length: gpu.depth + (gpu.given ? 1 : 0) }, () => 0);
  pass.setBindGroup(0, gpu.bindings, offsets);
  return { gpu, encoder, pass, offsets };
}

/** What follows is dispatched in this round of a loop, which stands in `depth` others. */
export function turn({ gpu, pass, offsets }: GpuRun, depth: number, at: number): void {
  offsets[depth] = turnBytes * at;
  pass.setBindGroup(0, gpu.bindings, offsets);
}

/** One dimension holds 65,535 groups; more are spread over two. `list` is the number of what the kernel's parameters are given. */
export function dispatch({ gpu, pass, offsets }: GpuRun, kernel: string, groups: number, list?: number): void {
  if (list !== undefined) {
    offsets[gpu.depth] = turnBytes * list;
    pass.setBindGroup(0, gpu.bindings, offsets);
  }
  pass.setPipeline(pipelineOf(gpu, kernel));
  const rows = Math.ceil(groups / 65535);
  pass.dispatchWorkgroups(Math.ceil(groups / rows), rows);
}

export interface GpuResult {
  readonly from: GpuBuffer;
  /** In words of four bytes, as is the length. */
  readonly at: number;
  readonly length: number;
}

/** Submits the call, and gives its results one after another as soon as they are there. */
export async function finishRun({ gpu, encoder, pass }: GpuRun, results: readonly GpuResult[]): Promise<ArrayBuffer> {
  pass.end();
  const bytes = 4 * results.reduce((sum, { length }) => sum + length, 0);
  const staging = stagingOf(gpu, bytes);
  let offset = 0;
  for (const { from, at, length } of results) {
    encoder.copyBufferToBuffer(from, 4 * at, staging.buffer, offset, 4 * length);
    offset += 4 * length;
  }
  gpu.device.queue.submit([encoder.finish()]);
  try {
    await staging.buffer.mapAsync(1, 0, bytes);
  } catch (error) {
    // The promise of the loss may come a little later.
    await Promise.race([gpu.device.lost, new Promise((resume) => setTimeout(resume, 100))]);
    throw gpu.lost ?? error;
  }
  const copy = staging.buffer.getMappedRange(0, bytes).slice(0);
  staging.buffer.unmap();
  staging.free = true;
  const trouble = await gpu.trouble;
  if (gpu.lost ?? trouble) throw gpu.lost ?? trouble;
  return copy;
}

/** A buffer that no call waits for; there are as many as calls have been under way at once. */
function stagingOf(gpu: Gpu, bytes: number): Gpu['staging'][number] {
  let staging = gpu.staging.find((s) => s.free && s.size >= bytes);
  if (!staging) {
    const size = Math.max(256, bytes);
    const buffer = gpu.device.createBuffer({ size, usage: gpuUsage.mapRead | gpuUsage.copyTarget });
    staging = { buffer, size, free: true };
    gpu.staging.push(staging);
  }
  staging.free = false;
  return staging;
}

/** Results of several lengths, in words, each as bytes of its own. */
export function takeApart(results: ArrayBuffer, lengths: readonly number[]): ArrayBuffer[] {
  let at = 0;
  return lengths.map((length) => results.slice(at, (at += 4 * length)));
}

/** Calls that are under way fail. */
export function closeGpu(gpu: Gpu): void {
  gpu.lost ??= new Error(`${gpu.name}: this trainer has been disposed of`);
  for (const buffer of [gpu.floats, gpu.integers, gpu.call, ...gpu.staging.map((s) => s.buffer)]) buffer.destroy();
  gpu.turns?.buffer.destroy();
  gpu.given?.destroy();
  gpu.halves?.destroy();
  if (gpu.owned) gpu.device.destroy();
}
