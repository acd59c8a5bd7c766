// The targets: what each can do, what it is to read like, and which of them a module is made for.
import type { TargetTraits } from './ir/program.js';

/** What a program computes with. */
export type Target = TargetTraits['name'];

/** Code that is read: gradients are stored apart from the updates that use them. */
const readable = { storeGradients: true, separateUpdates: 'all' } as const;
/** Code that is run, and has to be small; dispatches cost more than calls. */
const small = { storeGradients: false, separateUpdates: 'of products', forwardOfStep: true } as const;
const fewDispatches = { storeGradients: false, separateUpdates: 'of large products' } as const;

/** What each target's plan may count on. */
export const targets: Readonly<Record<Target, TargetTraits>> = {
  ts: {
    name: 'ts',
    policy: readable,
    lanes: false,
    workgroups: false,
    flatMemory: false,
    parameters: Infinity,
    doubles: true,
  },
  wasm: {
    name: 'wasm',
    policy: small,
    lanes: true,
    workgroups: false,
    flatMemory: true,
    near: 64 * 1024,
    blocks: { most: 128, mostOfProducts: 1024, length: 48 },
    parameters: Infinity,
    expandIntrinsics: true,
    halves: true,
  },
  wgsl: {
    name: 'wgsl',
    policy: fewDispatches,
    lanes: false,
    workgroups: true,
    flatMemory: true,
    blocks: { most: 48, mostOfProducts: 1024, length: 48 },
    parameters: 64,
    typedMemory: true,
    halves: true,
  },
};

/** Which programs a module holds: of several, the first that works where it runs. */
export const modules = {
  ts: ['ts'],
  wasm: ['wasm'],
  wgsl: ['wgsl'],
  'wgsl,wasm': ['wgsl', 'wasm'],
} as const satisfies Readonly<Record<string, readonly [Target, ...Target[]]>>;

export type ModuleTarget = keyof typeof modules;
