// Names that modules declare for themselves: those of the model's tensors and kernels must be others.
import type { TrainerProgram } from '../../ir/program.js';
import { runnerOf } from './engine.js';
import { runtimeNames } from './inline.js';
import { Scope } from '../text/names.js';

/** What the trainer's text declares at the top of the module. */
const moduleNames: readonly string[] = (
  'model createTrainer createMemory reserve initialize startOptional resetOptimizer accept acceptForOutputs tensorsOf optimizerOf m ' +
  'compiled compiledShared Entries Memory shaders places totals subgroupTotals viewsOf upload download begin ' +
  'Inputs PredictInputs Outputs Losses ParameterName TrainedParameterName'
).split(' ');

/** The names that are taken at the top of a module, before its kernels have theirs. */
export function moduleScope(program: TrainerProgram, more: readonly string[] = []): Scope {
  const runners = Object.values(program.entries).map((entry) => runnerOf(entry.name));
  return Scope.with([...moduleNames, ...runners, ...runtimeNames(), ...more]);
}
