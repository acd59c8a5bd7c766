// Names that modules declare for themselves: those of the model's tensors and kernels must be others.

/** What the trainer's text declares at the top of the module. */
export const moduleNames: readonly string[] = [
  'model',
  'createTrainer',
  'createMemory',
  'reserve',
  'initialize',
  'resetOptimizer',
  'accept',
  'acceptForOutputs',
  'tensorsOf',
  'optimizerOf',
  'm',
  'compiled',
  'compiledShared',
  'Entries',
  'shaders',
  'viewsOf',
  'upload',
  'download',
  'begin',
];
