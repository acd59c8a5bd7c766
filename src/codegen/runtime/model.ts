// Stand-ins for the types that each module declares for its own model; they are never inlined.
import type { IntegerArray, Shaped } from './types.js';

export type ParameterName = string;
export type TrainedParameterName = string;
export type Inputs = Readonly<Record<string, Float32Array | IntegerArray | Shaped<Float32Array | IntegerArray>>>;
export type PredictInputs = Inputs;
export type Outputs = Record<string, Float32Array | Int32Array | Uint8Array>;
export type BlockName = string;
export type Losses = { loss: number };
/** The value itself, or a promise of it: each target writes its own. */
export type Awaitable<T> = T;
