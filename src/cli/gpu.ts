// WebGPU in Node: its own where it has one, else that of the package `webgpu` where a user has installed it.
import { importNamed } from '../data/importNamed.js';

interface Gpu {
  requestAdapter(): Promise<Adapter | null>;
}

interface Adapter {
  readonly features: { has(name: string): boolean };
  requestDevice(descriptor: object): Promise<Device>;
}

interface Device {
  readonly features: { has(name: string): boolean };
  destroy(): void;
}

let asked: Promise<Device | undefined> | undefined;

/** A device, with halves where it has them; undefined where there is none. */
export function gpuDevice(): Promise<Device | undefined> {
  asked ??= find();
  return asked;
}

/** Ends the device, which would keep the process alive. */
export async function endGpu(): Promise<void> {
  (await asked)?.destroy();
  asked = undefined;
}

async function find(): Promise<Device | undefined> {
  const gpu = (globalThis.navigator as { gpu?: Gpu } | undefined)?.gpu ?? (await ofPackage());
  try {
    const adapter = await gpu?.requestAdapter();
    const requiredFeatures = ['shader-f16'].filter((feature) => adapter?.features.has(feature));
    return await adapter?.requestDevice({ requiredFeatures });
  } catch {
    return undefined;
  }
}

/** Installed or not, it is no dependency of ours: a driver of tens of megabytes. */
async function ofPackage(): Promise<Gpu | undefined> {
  try {
    const { create, globals } = (await importNamed('webgpu')) as { create(options: string[]): Gpu; globals: object };
    const gpu = create([]);
    // A global, because a device must not outlive what made it.
    Object.assign(globalThis, globals, { nncGpu: gpu });
    return gpu;
  } catch {
    return undefined;
  }
}
