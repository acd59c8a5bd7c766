// Index arithmetic as WGSL: 32-bit integers, whose division truncates.
import { printIndexBy } from '../text/addresses.js';
import { binary } from '../text/expression.js';

export const printIndex = printIndexBy((of, by) => binary('/', of, by));
