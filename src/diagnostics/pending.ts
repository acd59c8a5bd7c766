// What the language is to have and has not yet: what to write meanwhile.

/** Settings of a train block. */
export const pendingSettings: ReadonlyMap<string, string> = new Map(
  Object.entries({
    precision: 'leave it out: values are stored in f32',
  }),
);

const argumentHints: ReadonlyMap<string, string> = new Map(
  Object.entries({
    'adam lazy': 'leave it out: rows of a table that a batch did not reach are updated like the others',
    'adamw lazy': 'leave it out: rows of a table that a batch did not reach are updated like the others',
  }),
);

/** What to do without an argument that a function is to have. */
export function pendingArgument(callee: string, name: string): string | undefined {
  return argumentHints.get(`${callee} ${name}`);
}
