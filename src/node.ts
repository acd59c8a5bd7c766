// What programs in Node use beside compiled modules: the data that a model names.
export { readData } from './data/program.js';
export type { DataRequest, ProgramData } from './data/program.js';
