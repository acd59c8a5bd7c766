// What the language is to have and has not yet: what to write meanwhile.

/** Settings of a train block. */
export const pendingSettings: ReadonlyMap<string, string> = new Map(
  Object.entries({
    precision: 'leave it out: values are stored in f32',
  }),
);
