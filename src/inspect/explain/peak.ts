// What lives in memory when most does: the tensors that live across steps, the inputs, and what the kernels of that moment still need.
import { evaluateSizes } from '../../ir/index.js';
import type { Entry, Step, TrainerProgram } from '../../ir/program.js';
import { elementBytes, type Buffer } from '../../ir/scalar.js';
import { lifetimesOf } from '../../passes/schedule/lifetimes.js';
import type { SizeOf } from '../flops.js';

export interface Peak {
  /** What lives then, in bytes. A trainer takes somewhat more, where tensors cannot be laid out without gaps. */
  readonly bytes: number;
  /** The kernel that runs then. */
  readonly kernel: string;
  /** What lives then, largest first. */
  readonly buffers: readonly LiveBuffer[];
}

export interface LiveBuffer {
  readonly name: string;
  readonly kind: 'input' | 'parameter' | 'state' | 'optimizer' | 'tensor' | 'scratch';
  readonly layer: string;
  readonly bytes: number;
}

const kinds: Readonly<Record<Buffer['space'], LiveBuffer['kind'] | undefined>> = {
  input: 'input',
  parameter: 'parameter',
  state: 'state',
  slot: 'optimizer',
  arena: 'tensor',
  scratch: 'scratch',
  constant: undefined,
  counter: undefined,
  workgroup: undefined,
};

/** The moment of the entry at which most bytes live. */
export function peakOf(
  program: TrainerProgram,
  entry: Entry,
  owners: ReadonlyMap<Buffer, string>,
  sizeOf: SizeOf,
): Peak {
  const bytesOf = (buffer: Buffer): number => elementBytes(buffer) * evaluateSizes(buffer.length, sizeOf);
  const planned = [...lifetimesOf([entry])];
  const kernels = momentsOf(entry.steps);
  const moments = [...kernels.keys()].map((now) => ({
    now,
    live: planned.flatMap(([buffer, times]) =>
      times.some(({ from, to }) => from <= now && now <= to) ? [buffer] : [],
    ),
  }));
  const sum = (buffers: readonly Buffer[]): number => buffers.reduce((bytes, buffer) => bytes + bytesOf(buffer), 0);
  const first = moments.at(0);
  const most = moments.reduce((best, moment) => (best && sum(best.live) >= sum(moment.live) ? best : moment), first);
  const lasting = [...program.parameters, ...program.states, ...program.slots].map(({ buffer }) => buffer);
  const given = program.inputs.flatMap(({ name, buffer }) => (entry.inputs.includes(name) ? [buffer] : []));
  const buffers = [...lasting, ...given, ...(most?.live ?? [])].flatMap((buffer): LiveBuffer[] => {
    const kind = kinds[buffer.space];
    return kind ? [{ name: buffer.name, kind, layer: owners.get(buffer) ?? '', bytes: bytesOf(buffer) }] : [];
  });
  return {
    bytes: buffers.reduce((bytes, buffer) => bytes + buffer.bytes, 0),
    kernel: (most && kernels.get(most.now)) ?? '',
    buffers: buffers.sort((a, b) => b.bytes - a.bytes),
  };
}

/** The kernel that runs at each moment, as lifetimes count them: a call is one, and so are a loop's beginning and its end. */
function momentsOf(
  steps: readonly Step[],
  kernels = new Map<number, string>(),
  clock = { now: 0 },
): Map<number, string> {
  for (const step of steps) {
    clock.now++;
    if (step.kind === 'run') kernels.set(clock.now, step.kernel.name);
    else {
      momentsOf(step.steps, kernels, clock);
      clock.now++;
    }
  }
  return kernels;
}
