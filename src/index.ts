// The public API: check and compile .nn source, and what their results are made of.
export { check, compile, differentiateModel, makePrograms, programOf, targets } from './compile.js';
export type {
  CheckOptions,
  Checked,
  CompileOptions,
  Compiled,
  Made,
  ModuleTarget,
  Programs,
  Target,
  TargetProgram,
} from './compile.js';
export { analyze } from './analysis/analyze.js';
export type { Analysis, AnalyzeOptions } from './analysis/analyze.js';
export type { Diagnostic, Label, Source, Span } from './diagnostics/diagnostic.js';
export type { ModelGraph } from './ir/model.js';
export type { TrainerProgram } from './ir/program.js';
export type { Gradients } from './passes/derive/derive.js';
