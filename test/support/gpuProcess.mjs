// A process of its own for a GPU without hardware: what its parent sends is run, and the result goes back.
import { create, globals } from 'webgpu';
import { zeroes } from '../../scripts/chromium.mjs';

const gpu = create([...process.argv.slice(2), zeroes]);
// A global, because a device must not outlive what made it.
Object.assign(globalThis, globals, { gpu });
const adapter = await gpu.requestAdapter();
const requiredFeatures = (process.env.NNC_FEATURES ?? '').split(',').filter(Boolean);
const device = await adapter?.requestDevice({ requiredFeatures });
/** Errors that nobody asked for. */
const errors = [];
device?.addEventListener('uncapturederror', ({ error }) => errors.push(error.message));

/** What trainers are given: the device, counting what it makes and does. */
const counts = { createBuffer: 0, createBindGroup: 0, createComputePipeline: 0, submit: 0 };
const counted = device && counting(device);

function counting(of) {
  return new Proxy(of, {
    get(target, name) {
      if (name === 'queue') return counting(target.queue);
      const value = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      return (...args) => {
        if (name in counts) counts[name]++;
        return value.apply(target, args);
      };
    },
  });
}

const trainers = new Map();
const layout = device?.createBindGroupLayout({
  entries: ['storage', 'storage', 'uniform'].map((type, binding) => ({ binding, visibility: 4, buffer: { type } })),
});
const pipelineLayout = device?.createPipelineLayout({ bindGroupLayouts: [layout] });
/** That of modules whose dispatches give words of their own, as well as of those that do not. */
const wholeLayout = device?.createPipelineLayout({
  bindGroupLayouts: [
    device.createBindGroupLayout({
      entries: ['storage', 'storage', 'uniform', 'uniform'].map((type, binding) => ({
        binding,
        visibility: 4,
        buffer: { type, hasDynamicOffset: binding === 3 },
      })),
    }),
  ],
});
/** Shaders by their text, with their pipelines. */
const known = new Map();

const actions = {
  /** Imports a module and makes a trainer of it; without a device, as in a program that gives none. */
  async create({ code, options, given }) {
    const { createTrainer, model } = await import(
      `data:text/javascript;base64,${Buffer.from(code).toString('base64')}`
    );
    const trainer = await createTrainer({ ...(given && { device: counted }), ...options });
    const key = trainers.size;
    trainers.set(key, trainer);
    return { key, model };
  },
  call: ({ key, method, args }) => trainers.get(key)[method](...args),
  get: ({ key, property }) => trainers.get(key)[property],
  set: ({ key, property, value }) => void (trainers.get(key)[property] = value),
  /** `stop` ends the run after so many calls of step. */
  async fit({ key, data, options: { stop, ...options } }) {
    const all = [];
    for await (const progress of trainers.get(key).fit(data, options)) {
      all.push(progress);
      if ((progress.epoch - 1) * progress.steps + progress.step === stop) break;
    }
    return all;
  },
  /** Calls that are all made before the first of them is there. */
  together: ({ key, calls }) => Promise.all(calls.map(({ method, args }) => trainers.get(key)[method](...args))),
  /** Runs entry points on memories of words, which come back. */
  async shaders({ code, dispatches, floats, integers, call }) {
    device.pushErrorScope('validation');
    const { module, pipelines } = known.get(code) ?? {
      module: device.createShaderModule({ code }),
      pipelines: new Map(),
    };
    known.set(code, { module, pipelines });
    const buffers = [floats, integers, call].map((data, i) => {
      const size = Math.max(16, 4 * data.length);
      const buffer = device.createBuffer({ size, usage: i === 2 ? 64 | 8 : 128 | 8 | 4 });
      device.queue.writeBuffer(buffer, 0, data);
      return buffer;
    });
    const entries = buffers.map((buffer, binding) => ({ binding, resource: { buffer } }));
    const group = device.createBindGroup({ layout, entries });
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setBindGroup(0, group);
    for (const { name, groups } of dispatches) {
      const compute = { module, entryPoint: name };
      const pipeline = pipelines.get(name) ?? device.createComputePipeline({ layout: pipelineLayout, compute });
      pipelines.set(name, pipeline);
      pass.setPipeline(pipeline);
      pass.dispatchWorkgroups(...groups);
    }
    pass.end();
    const results = [floats, integers].map((data, i) => {
      const size = Math.max(16, 4 * data.length);
      const result = device.createBuffer({ size, usage: 1 | 8 });
      encoder.copyBufferToBuffer(buffers[i], 0, result, 0, size);
      return result;
    });
    device.queue.submit([encoder.finish()]);
    const error = await device.popErrorScope();
    if (error) throw new Error(error.message);
    const back = await Promise.all(
      results.map(async (buffer) => {
        await buffer.mapAsync(1);
        return buffer.getMappedRange().slice(0);
      }),
    );
    for (const buffer of [...buffers, ...results]) buffer.destroy();
    return { floats: new Float32Array(back[0]), integers: new Int32Array(back[1]) };
  },
  /** Every message about a text of shaders, and what making its pipelines says. */
  async validate({ code }) {
    device.pushErrorScope('validation');
    const module = device.createShaderModule({ code });
    const { messages } = await module.getCompilationInfo();
    for (const [, entryPoint] of code.matchAll(/@compute[^]*?fn ([^(\s]+)/g))
      device.createComputePipeline({ layout: wholeLayout, compute: { module, entryPoint } });
    const error = await device.popErrorScope();
    return [
      ...messages.map((m) => `${m.type} ${m.lineNum}:${m.linePos}: ${m.message}`),
      ...(error ? [error.message] : []),
    ];
  },
  errors: () => errors.splice(0),
  counts: () => counts,
  lose: () => device.destroy(),
};

process.on('message', async ({ id, action, ...given }) => {
  try {
    process.send({ id, result: await actions[action](given) });
  } catch (error) {
    process.send({ id, error: { name: error?.name ?? 'Error', message: String(error?.message ?? error) } });
  }
});
process.on('disconnect', () => process.exit(0));
process.send({ ready: device ? `${adapter.info.vendor} ${adapter.info.architecture}` : undefined });
