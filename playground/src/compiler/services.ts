// The services of the workers, each a file of its own that is loaded when it is first asked for. A pane's engine is one line here.

export const services = {
  /** Errors and warnings of a text: what the editor underlines. */
  check: async () => (await import('./services/check.js')).check,
  /** The module of a target in TypeScript, as `nnc compile` writes it. */
  emit: async () => (await import('./services/emit.js')).emit,
  /** The same in JavaScript, to be run. */
  emitToRun: async () => (await import('./services/emit.js')).emitToRun,
};
