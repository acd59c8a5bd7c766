// What programs in Node use beside compiled modules: the data that a model names, and runs of `nnc train`.
export { readData } from './data/program.js';
export type { DataRequest, ProgramData } from './data/program.js';
export { openRun } from './cli/runs/open.js';
export type { OpenOptions, OpenRun } from './cli/runs/open.js';
