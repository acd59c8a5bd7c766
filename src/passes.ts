// The compiler's table of contents: every pass from a source to the program that an emitter prints, in order.
import { evaluateSizes } from './ir/index.js';
import { storesHalves, type TrainerProgram } from './ir/program.js';
import { modelTooLarge } from './diagnostics/memory.js';
import {
  addUpdates,
  connectUpdates,
  differentiateLoss,
  simplifyGradients,
  simplifyModel,
  simplifyUpdates,
} from './passes/derive/derive.js';
import { blockAttention } from './passes/derive/blocks/block.js';
import { cutLoops } from './passes/derive/loops/cut.js';
import { updateTables } from './passes/derive/tables.js';
import { recompute } from './passes/derive/recompute.js';
import { elaborate } from './passes/elaborate/elaborate.js';
import { loadImports } from './passes/elaborate/imports.js';
import { openEntries, type EntryNests, type Nests } from './passes/entries.js';
import { hastenUpdates, joinLoops, joinNests, joinSums, orderNests } from './passes/fuse/fuse.js';
import type { Fusion } from './passes/fuse/drafts.js';
import { library } from './passes/library.js';
import type { Pass } from './passes/pipeline.js';
import { assemble } from './passes/schedule/assemble.js';
import { hoistPanels } from './passes/schedule/hoist.js';
import { gather } from './passes/schedule/gather.js';
import { pace } from './passes/schedule/pace/pace.js';
import { reuseForward } from './passes/schedule/reuse.js';
import { scaleHalves } from './passes/schedule/scaleHalves.js';
import { share } from './passes/schedule/share.js';
import {
  expandFunctions,
  lowerWorks,
  planWorks,
  shareCopies,
  splitFolds,
  uniteNests,
} from './passes/schedule/works.js';
import { pass } from './passes/stages.js';

/** In the order in which they run. */
export const passes: readonly Pass[] = [
  pass({
    name: 'parse',
    why: 'reads the source and every file that it imports, each once',
    from: 'source',
    to: 'tree',
    run(source, { read, diagnostics }) {
      const { entry, files, diagnostics: found } = loadImports(source, read);
      diagnostics.push(...found);
      return { entry, files };
    },
  }),
  pass({
    name: 'elaborate',
    why: 'gives every construct its meaning: types, shapes, layers written out, two modes of one model',
    from: 'tree',
    to: 'graph',
    run({ entry, files }, { model: wanted, set, memoryLimit, fileName, diagnostics, part: seePart }) {
      const {
        model,
        part,
        diagnostics: found,
      } = elaborate({
        entry,
        files,
        library: library(),
        model: wanted,
        set,
        memoryLimit,
        fileName,
      });
      diagnostics.push(...found);
      if (part) seePart?.(part);
      return model && { written: model, model };
    },
  }),
  pass({
    name: 'simplify-model',
    why: 'writes values in a simpler form that keeps NaN, infinities and signed zeros',
    from: 'graph',
    to: 'graph',
    optional: true,
    run: (graphs) => simplifyModel(graphs),
  }),
  pass({
    name: 'cut-loops',
    why: 'runs long loops in stretches, which the backward pass runs again one by one, where the model asks for little memory',
    from: 'graph',
    to: 'graph',
    optional: true,
    when: ({ model }) => model.train.memory === 'small',
    run: cutLoops,
  }),
  pass({
    name: 'differentiate',
    why: 'gives the gradient of the loss by every trained parameter, by the chain rule',
    from: 'graph',
    to: 'gradient',
    run: (graphs) => differentiateLoss(graphs),
  }),
  pass({
    name: 'simplify-gradients',
    why: 'brings gradients into the form of the textbooks, which takes less arithmetic',
    from: 'gradient',
    to: 'gradient',
    optional: true,
    run: (derived) => simplifyGradients(derived),
  }),
  pass({
    name: 'update',
    why: 'accumulates and clips gradients, and puts leaves that stand for them into the optimizers',
    from: 'gradient',
    to: 'gradient',
    run: (derived, { target }) => addUpdates(derived, storesHalves(derived.model, target)),
  }),
  pass({
    name: 'simplify-updates',
    why: 'simplifies updates around their gradients, not into them',
    from: 'gradient',
    to: 'gradient',
    optional: true,
    run: simplifyUpdates,
  }),
  pass({
    name: 'connect',
    why: 'substitutes what the backward pass has made for those leaves',
    from: 'gradient',
    to: 'gradient',
    run: connectUpdates,
  }),
  pass({
    name: 'tables',
    why: 'updates of a table the rows that indices name, where the optimizer leaves the others as they are',
    from: 'gradient',
    to: 'gradient',
    run: updateTables,
  }),
  pass({
    name: 'block-attention',
    why: 'computes softmax(q kᵀ) v by blocks of rows, backwards from scores made again, so that no matrix of scores is stored',
    from: 'gradient',
    to: 'gradient',
    optional: true,
    run: (derived, { target }) => blockAttention(derived, { fewest: 128, rows: 64, apart: !target.workgroups }),
  }),
  pass({
    name: 'recompute',
    why: 'computes activations again in the backward pass instead of keeping them, where the model asks for little memory and it takes less',
    from: 'gradient',
    to: 'gradient',
    optional: true,
    when: ({ model }) => model.train.memory === 'small',
    measure: ({ model, memory }) => evaluateSizes(memory.length, () => model.train.batch),
    run: recompute,
  }),
  pass({
    name: 'store',
    why: 'decides which nodes are stored, and writes a nest for each: element rules put into one another',
    from: 'gradient',
    to: 'nests',
    run: (derived, { target }) => openEntries(derived, target),
  }),
  pass({
    name: 'join',
    why: 'makes a nest that reads another only at its own coordinates one more store of it',
    from: 'nests',
    to: 'nests',
    optional: true,
    run: inEntries(joinNests),
  }),
  pass({
    name: 'order',
    why: 'puts nests into an order that respects every dependence, and updates in place that wait for one another beside',
    from: 'nests',
    to: 'nests',
    run: inEntries(orderNests),
  }),
  pass({
    name: 'hasten',
    why: 'computes updates, and sums that only they read, as soon as it can, which frees what they read',
    from: 'nests',
    to: 'nests',
    optional: true,
    when: ({ derived, target }) => derived.recomputed !== undefined || target.flatMemory,
    run: inEntries(hastenUpdates),
  }),
  pass({
    name: 'rows',
    why: 'gives nests that read one another only within a row one loop over rows',
    from: 'nests',
    to: 'nests',
    optional: true,
    run: inEntries(joinLoops),
  }),
  pass({
    name: 'totals',
    why: 'adds small sums over all rows up while the rows pass',
    from: 'nests',
    to: 'nests',
    optional: true,
    when: ({ target }) => !target.workgroups,
    run: inEntries(joinSums),
  }),
  pass({
    name: 'unite',
    why: 'makes what several entries compute alike one nest, with a name from what it computes',
    from: 'nests',
    to: 'nests',
    run: uniteNests,
  }),
  pass({
    name: 'reuse',
    why: 'has evaluate and predict run what a step computes forward, where modules are to be small: code that differs in what it keeps',
    from: 'nests',
    to: 'nests',
    optional: true,
    when: ({ target }) => target.policy.forwardOfStep === true,
    run: reuseForward,
  }),
  pass({
    name: 'hoist',
    why: 'stages weights once before a loop, whose contractions would each stage them in every round',
    from: 'nests',
    to: 'nests',
    optional: true,
    when: ({ target }) => target.lanes,
    run: hoistPanels,
  }),
  pass({
    name: 'copies',
    why: 'makes the copies of a layer one nest over parameters',
    from: 'nests',
    to: 'nests',
    optional: true,
    when: ({ target }) => target.parameters !== undefined,
    run: shareCopies,
  }),
  pass({
    name: 'shares',
    why: 'makes long folds to few elements two nests: shares of them side by side, and what those come to',
    from: 'nests',
    to: 'nests',
    optional: true,
    when: ({ target }) => target.workgroups,
    run: splitFolds,
  }),
  pass({
    name: 'plan',
    why: 'reads the strides of each nest, and chooses its loops, tiles, staging and vectors, or what threads do',
    from: 'nests',
    to: 'plans',
    run: planWorks,
  }),
  pass({
    name: 'lower',
    why: 'writes each nest as its plan says, in loops, lets, ifs and stores',
    from: 'plans',
    to: 'kernels',
    run: lowerWorks,
  }),
  pass({
    name: 'loss-scale',
    why: 'multiplies gradients by the scale of the loss where they are stored as halves, and divides them by it where they are loaded',
    from: 'kernels',
    to: 'kernels',
    when: ({ derived }, { target }) => derived.mixed === true && target.halves === true,
    run: scaleHalves,
  }),
  pass({
    name: 'intrinsics',
    why: 'writes exp, log, tanh and the like with arithmetic',
    from: 'kernels',
    to: 'kernels',
    when: (_, { target }) => target.expandIntrinsics === true,
    run: expandFunctions,
  }),
  pass({
    name: 'gather',
    why: 'makes one kernel of several that do not wait for one another, which are then dispatched together',
    from: 'kernels',
    to: 'kernels',
    optional: true,
    when: (_, { target }) => target.workgroups,
    run: gather,
  }),
  pass({
    name: 'memory',
    why: 'gives every buffer its offset; those whose live ranges do not overlap share memory',
    from: 'kernels',
    to: 'program',
    run: assemble,
  }),
  pass({
    name: 'threads',
    why: 'divides loops over elements into pieces for threads, and says where all must be done before the next is begun',
    from: 'program',
    to: 'program',
    optional: true,
    when: (_, { threads }) => threads,
    run: (program, { target }) => share(program, target),
  }),
  pass({
    name: 'limit',
    why: 'refuses a trainer that takes more memory than is allowed even for one example',
    from: 'program',
    to: 'program',
    run(program, { memoryLimit: limit, diagnostics }) {
      const bytes = leastBytes(program);
      if (bytes <= limit) return program;
      const { name, file, place } = program.model;
      diagnostics.push(modelTooLarge({ name, bytes, limit, span: { file, start: place.start, end: place.end } }));
      return undefined;
    },
  }),
  pass({
    name: 'pace',
    why: 'orders statements and marks what runs side by side, so that engines hold values in registers',
    from: 'program',
    to: 'program',
    optional: true,
    when: (_, { target }) => target.lanes,
    run: (program, { target }) => pace(program, target.fma === true),
  }),
];

/** The passes from one to another, both included. */
export function passesFrom(first: string, last: string): readonly Pass[] {
  const [from, to] = [first, last].map((name) => passes.findIndex((p) => p.name === name));
  if (from < 0 || to < from) throw new Error(`there are no passes from ${first} to ${last}`);
  return passes.slice(from, to + 1);
}

function inEntries(change: (fusion: Fusion) => Fusion): (nests: Nests) => Nests {
  return (nests) => ({
    ...nests,
    entries: nests.entries.map((entry): EntryNests => ({ ...entry, fusion: change(entry.fusion) })),
  });
}

/** What the trainer of a program takes at least: where every run-time size is 1. */
function leastBytes({ memory, parameters, states, slots }: TrainerProgram): number {
  const one = (): number => 1;
  const kept = [...parameters, ...states, ...slots].map(({ buffer }) => evaluateSizes(buffer.length, one));
  return (
    4 *
    Math.max(
      evaluateSizes(memory.length, one),
      kept.reduce((sum, n) => sum + n, 0),
    )
  );
}
