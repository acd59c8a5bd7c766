// How much memory a compiled trainer takes, to the byte, and how that is written for people.
import { roomsAtFirst } from '../codegen/module/expectedSizes.js';
import { layOut } from '../codegen/module/layout.js';
import { evaluateSizes, type Index } from '../ir/index.js';
import type { TargetTraits, TrainerProgram } from '../ir/program.js';
import type { Buffer } from '../ir/scalar.js';
import { ownStride } from '../ir/threads.js';

/** In bytes. */
export interface MemoryUse {
  readonly total: number;
  /** Parameters, and state such as running means. */
  readonly parameters: number;
  /** What the optimizer keeps for each parameter. */
  readonly optimizer: number;
  /** The rest: inputs, activations, gradients, the kernels' own panels, and what rounding up takes. */
  readonly tensors: number;
}

/** A page of WebAssembly. */
const page = 65536;

/**
 * What a fresh trainer allocates once there is room for the given sizes. In plain TypeScript that is every array but the inputs of f32,
 * which are the caller's; in WebAssembly the whole memory, for so many threads; on WebGPU the memory of the shaders.
 */
export function memoryUse(
  program: TrainerProgram,
  target: TargetTraits['name'],
  sizeOf: (name: string) => number,
  threads = 1,
): MemoryUse {
  const words = (length: Index): number => evaluateSizes(length, sizeOf);
  const bytesOf = (buffers: readonly { readonly buffer: Buffer }[]): number =>
    buffers.reduce((sum, { buffer }) => sum + 4 * words(buffer.length), 0);
  const { length, integers, halves, own } = program.memory;
  const total = (): number => {
    switch (target) {
      case 'wasm':
        return (
          page *
          Math.ceil((4 * (words(length) + (own ? words(own) + (threads - 1) * words(ownStride(own)) : 0))) / page)
        );
      case 'wgsl':
        // No buffer is smaller than four numbers.
        return (
          4 * (Math.max(4, words(length)) + Math.max(4, integers ? words(integers) : 0)) +
          (halves ? 2 * Math.max(8, words(halves)) : 0)
        );
      case 'ts': {
        const own = [...layOut(program).fields.keys()].filter(
          ({ space, dtype }) => !isPlanned(space) && !(space === 'input' && dtype === 'f32'),
        );
        return 4 * words(length) + bytesOf(own.map((buffer) => ({ buffer })));
      }
      default:
        return target satisfies never;
    }
  };
  const parameters = bytesOf([...program.parameters, ...program.states]);
  const optimizer = bytesOf(program.slots);
  const whole = total();
  return { total: whole, parameters, optimizer, tensors: whole - parameters - optimizer };
}

function isPlanned(space: Buffer['space']): boolean {
  return space === 'arena' || space === 'scratch';
}

/** The sizes for which a trainer makes room at first: the batch, the train block's by default, and the smallest that fits for the others. */
export function expectedSizes(program: TrainerProgram, batch?: number): ReadonlyMap<string, number> {
  const { sizes } = layOut(program);
  const { expected: numbers } = roomsAtFirst(program, sizes, batch);
  return new Map(sizes.map(({ size }, i) => [size, numbers[i]]));
}

/** The sizes for which `createTrainer({ batch })` makes room. */
export function sizesWithRoom(program: TrainerProgram, batch: number): ReadonlyMap<string, number> {
  const { sizes } = layOut(program);
  const { least, expected, coupled } = roomsAtFirst(program, sizes);
  const told = (n: number, i: number): number => (i === 0 && !coupled ? Math.max(least[0], batch) : n);
  return new Map(sizes.map(({ size }, i) => [size, told(expected[i], i)]));
}

/** `1.9 MiB of memory at batch 64 (parameters 0.4, optimizer 0.8, tensors 0.7)` */
export function describeMemory(use: MemoryUse, sizes: ReadonlyMap<string, number>): string {
  const at = [...sizes].map(([name, value]) => `${name} ${value}`).join(', ');
  return `${amountOf(use)} of memory${at === '' ? '' : ` at ${at}`} ${partsOf(use)}`;
}

/** `1.9 MiB (parameters 0.4, optimizer 0.8, tensors 0.7)` */
export function summariseMemory(use: MemoryUse): string {
  return `${amountOf(use)} ${partsOf(use)}`;
}

const units = ['bytes', 'KiB', 'MiB', 'GiB'];

/** The largest unit of which there is at least one. */
function unitOf({ total }: MemoryUse): number {
  return Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, total)) / 10)));
}

function amountOf(use: MemoryUse): string {
  const unit = unitOf(use);
  return `${inUnit(use.total, unit)} ${units[unit]}`;
}

function partsOf(use: MemoryUse): string {
  const unit = unitOf(use);
  const parts = (['parameters', 'optimizer', 'tensors'] as const).filter((part) => use[part] > 0);
  return `(${parts.map((part) => `${part} ${inUnit(use[part], unit)}`).join(', ')})`;
}

function inUnit(bytes: number, unit: number): string {
  return unit === 0 ? String(bytes) : (bytes / 1024 ** unit).toFixed(1);
}
