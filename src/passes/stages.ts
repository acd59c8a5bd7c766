// How the form of each stage is shown, and what must hold of it between any two passes.
import { worksOfEntry, type Nests } from './entries.js';
import { becomesOf, type Gradients } from './derive/derive.js';
import { passesOver, type Stages } from './pipeline.js';
import { verifyNests } from './verifyEntries.js';
import { printPlanned } from './schedule/printPlan.js';
import { faultsOfPlan } from '../ir/nest/verifyPlan.js';
import { modeRoots, type Mode, type ModelGraph } from '../ir/model.js';
import { printGraph } from '../ir/print.js';
import { printNest } from '../ir/printNest.js';
import { printKernel, printProgram, printSteps } from '../ir/printProgram.js';
import { verifyGraph } from '../ir/verify.js';
import { faultsOfEntries } from '../ir/verifyRuns.js';
import { verifyProgram } from '../ir/verifyProgram.js';
import type { Node } from '../ir/graph.js';
import { printIndex } from '../ir/index.js';
import type { Work } from '../ir/program.js';
import type { Fused } from './fuse/fuse.js';

export const stages: Stages = {
  source: { what: 'text', print: ({ text }) => text, verify: () => [] },
  tree: {
    what: 'what was written, with spans',
    print: ({ entry }) => JSON.stringify(entry.declarations, undefined, 2),
    verify: () => [],
  },
  graph: {
    what: 'typed tensor operations, for training and for evaluation',
    print: ({ model }) => printModes(model),
    verify: ({ model }) => verifyGraph(modeRoots(model)),
  },
  gradient: {
    what: 'the same, with the gradient of each trained parameter and what becomes of it and its slots',
    print: printDerived,
    verify: verifyDerived,
  },
  nests: {
    what: 'loops over scalar expressions, in the order in which each entry runs them',
    print: printNests,
    verify: verifyNests,
  },
  plans: {
    what: 'nests with how each becomes a kernel',
    print: ({ units }) => units.map(printPlanned).join('\n\n'),
    verify: ({ units }) => units.flatMap(({ nest }) => faultsOfPlan(nest)),
  },
  kernels: {
    what: 'statements, and what each entry runs',
    print: ({ kernels, entries }) =>
      [
        ...kernels.map(printKernel),
        ...entries.map(({ name, steps }) => [`entry ${name}`, ...printSteps(steps)].join('\n')),
      ].join('\n\n'),
    verify: ({ entries }) => faultsOfEntries(entries),
  },
  program: {
    what: 'kernels and entries, with a place in memory for every buffer',
    print: printProgram,
    verify: verifyProgram,
  },
};

/** A pass, shown and checked as its stage says. */
export const pass = passesOver(stages);

function printModes({
  training,
  evaluation,
  observed,
}: Pick<ModelGraph, 'training' | 'evaluation' | 'observed'>): string {
  const look = observed.length > 0 ? `\n\n// observation\n${printGraph(observed.map(({ node }) => node))}` : '';
  return `// training\n${printGraph(rootsOf(training))}\n\n// evaluation\n${printGraph(rootsOf(evaluation))}${look}`;
}

function rootsOf({ loss, outputs, losses, metrics, states }: Mode): Node[] {
  return [...[...outputs, ...losses, ...metrics, ...states].map(({ node }) => node), ...(loss ? [loss] : [])];
}

/** Gradients and updates as one graph; behind it which node is what. */
function printDerived(derived: Gradients): string {
  const { model, gradients } = derived;
  const becomes = becomesOf(derived);
  const updates = becomes.length > 0 ? `\n\n// updates\n${printGraph(becomes.map(({ node }) => node))}` : '';
  return `${printModes(model)}\n\n// gradients\n${printGraph([...gradients.values()])}${updates}`;
}

function verifyDerived(derived: Gradients): string[] {
  const { model, gradients } = derived;
  return verifyGraph([...modeRoots(model), ...gradients.values(), ...becomesOf(derived).map(({ node }) => node)]);
}

function printNests({ entries }: Nests): string {
  return entries
    .map((entry) => {
      const nests = printWorks(worksOfEntry(entry));
      return [`entry ${entry.name}(${entry.inputs.join(', ')})`, ...nests].join('\n\n');
    })
    .join('\n\n');
}

function printWorks(works: readonly Work<Fused>[]): string[] {
  return works.flatMap((work) => {
    if (work.kind === 'run') return [printNest(work.nest, work.host)];
    const head = `repeat ${work.axis.name} < ${printIndex(work.axis.extent)}${work.note === undefined ? '' : `  // ${work.note}`}`;
    return [head, ...printWorks(work.steps).map((text) => text.replace(/^/gm, '  '))];
  });
}
