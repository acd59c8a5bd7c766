// The services of the workers, each a file of its own that is loaded when it is first asked for. A pane's engine is one line here.

export const services = {
  /** Errors and warnings of a text: what the editor underlines. */
  check: async () => (await import('./services/check.js')).check,
  /** The gradient's derivation as a page. */
  derivation: async () => (await import('./services/derivation.js')).derivation,
  /** The model's graphs as a page. */
  graph: async () => (await import('./services/graph.js')).graph,
  /** Generated code, and what its lines come of. */
  listing: async () => (await import('./services/listing.js')).listing,
  /** What each pass has changed. */
  stages: async () => (await import('./services/stages.js')).stages,
  /** What a step costs. */
  costs: async () => (await import('./services/costs.js')).costs,
  /** The language server, behind a port. */
  language: async () => (await import('./services/language.js')).serveOver,
  /** The module of a target in TypeScript, as `nnc compile` writes it. */
  emit: async () => (await import('./services/emit.js')).emit,
  /** The same in JavaScript. */
  emitJavaScript: async () => (await import('./services/emit.js')).emitJavaScript,
  /** The module in JavaScript as it comes, to be run. */
  emitToRun: async () => (await import('./services/emit.js')).emitToRun,
  /** A model and its data, ready for training: what the next ones go on with, in the same worker. */
  prepare: async () => (await import('../training/run.js')).prepare,
  /** Some steps of the run. */
  advance: async () => (await import('../training/run.js')).advance,
  /** The run's checkpoint. */
  save: async () => (await import('../training/run.js')).save,
  /** Model, module, data and weights of the run as a zip. */
  project: async () => (await import('../training/project.js')).project,
  /** What the network makes of its data now. */
  look: async () => (await import('../training/look.js')).look,
  /** Weights, values and gradients for some rows. */
  inside: async () => (await import('../training/inside.js')).inside,
};
