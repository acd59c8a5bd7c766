// The last pass for WebAssembly: the order of statements, and marks on them, by which V8 neither moves code to its harm nor waits for
// one chain after the other.
import type { Kernel, Statement, Step, TrainerProgram } from '../../../ir/program.js';
import { rowsApart, storesApart } from './fences.js';
import { sideBySide } from './lockstep.js';
import { goesInPairs } from './pairs.js';
import { lastSumFirst } from './sums.js';

/** The program with every kernel of the device paced; `fma`: for a binary that multiplies and adds in one instruction. */
export function pace(program: TrainerProgram, fma = false): TrainerProgram {
  const paced = new Map<Kernel, Kernel>();
  const kernelOf = (kernel: Kernel): Kernel => {
    const known = paced.get(kernel) ?? paceKernel(kernel, fma);
    paced.set(kernel, known);
    return known;
  };
  const stepOf = (step: Step): Step => {
    if (step.kind === 'repeat') return { ...step, steps: step.steps.map(stepOf) };
    return step.host ? step : { ...step, kernel: kernelOf(step.kernel) };
  };
  const entries = Object.fromEntries(
    Object.entries(program.entries).map(([name, entry]) => [name, { ...entry, steps: entry.steps.map(stepOf) }]),
  );
  return { ...program, entries, kernels: program.kernels.map((kernel) => paced.get(kernel) ?? kernel) };
}

/** One kernel. Its statements are the same, but for their order and marks. */
export function paceKernel(kernel: Kernel, fma = false): Kernel {
  return { ...kernel, body: paceBlock(kernel.body, fma) };
}

function paceBlock(block: readonly Statement[], fma: boolean): Statement[] {
  const body = fma ? block : lastSumFirst(block);
  const apart = new Set([...storesApart(body), ...rowsApart(body)]);
  return sideBySide(body).flatMap((statements) =>
    statements.map((statement, i) => {
      switch (statement.kind) {
        case 'loop': {
          const inside = { ...statement, body: paceBlock(statement.body, fma) };
          return goesInPairs(statement) ? { ...inside, pairs: true as const } : inside;
        }
        case 'if':
          return { ...statement, then: paceBlock(statement.then, fma), else: paceBlock(statement.else, fma) };
        case 'store':
          if (i > 0) return { ...statement, beside: true as const };
          return apart.has(statement) ? { ...statement, fence: true as const } : statement;
        case 'let':
          if (i > 0) return { ...statement, beside: true as const };
          return apart.has(statement) ? { ...statement, fence: true as const } : statement;
        case 'index':
        case 'set':
        case 'transpose':
        case 'barrier':
          return statement;
        default:
          return statement satisfies never;
      }
    }),
  );
}
