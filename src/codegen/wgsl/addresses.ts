// Index arithmetic as WGSL: 32-bit integers, whose division truncates.
import { printIndexBy } from '../typescript/addresses.js';
import { binary } from '../typescript/expression.js';

export const printIndex = printIndexBy((of, by) => binary('/', of, by));
