// What every compilation verifies, whatever its options say: tests say so for all of theirs.

/** Each form, or the last one of each stage, which shows a fault as well and not whose it is. */
export const verification: { of: 'nothing' | 'stages' | 'passes' } = { of: 'nothing' };
