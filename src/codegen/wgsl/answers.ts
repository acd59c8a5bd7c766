// How the methods of a trainer on WebGPU answer: with promises of what comes back from the device. What a call changes is decided before
// its first await, so calls keep their order.
import type { Entry, TrainerProgram } from '../../ir/program.js';
import { runnerOf, type Answers } from '../module/engine.js';
import { gradientTypes, printSize, type Layout } from '../module/layout.js';
import { elementsOf, membersOf } from '../text/progressions.js';
import { literal, objectOf } from '../text/quote.js';
import { isPlayed } from '../module/trainer/players.js';
import { outputType } from '../module/trainer/types.js';
import type { Call } from './call.js';
import { lengthOf, resultsOf, scaleResults } from './results.js';

export function answersOfGpu(program: TrainerProgram, layout: Layout, call: Call): Answers {
  return {
    promised: true,
    run: (entry) => `const run = ${runnerOf(entry)}(m);`,
    scalars: (entry) => scalarsOf(program, entry, layout, call),
    outputs: (entry) => outputsOf(program, entry, layout, call),
    gradients: (entry) => gradientsOf(program, entry, layout, call),
  };
}

/** Losses and metrics: those that the host has itself are read before the call is waited for. */
function scalarsOf(program: TrainerProgram, entry: Entry, layout: Layout, call: Call): string[] {
  const returned = resultsOf(entry, call, program).map((r) => r.name);
  const all = new Map(entry.results.map((r) => [r.name, r.buffer]));
  const own = [...all].filter(([, buffer]) => call.has(buffer));
  const known = own.map(([name, buffer]) => [name, `${layout.array(buffer)}[0]`] as const);
  const values = [...all.keys()].map((name) => {
    const at = returned.lastIndexOf(name);
    return [name, at < 0 ? `known[${literal(name)}]` : `values[${at}]`] as const;
  });
  return [
    ...(known.length > 0 ? [`const known = ${objectOf(known)};`] : []),
    'const values = new Float32Array(await run);',
    ...scaleLines(program, entry, returned),
    `return ${objectOf(values)};`,
  ];
}

/** What came of the scale of the loss, and of the update. */
function scaleLines(program: TrainerProgram, entry: Entry, returned: readonly string[]): string[] {
  const [value, steps] = [scaleResults.value, scaleResults.steps].map((name) => returned.indexOf(name));
  if (value < 0) return [];
  const counts = entry.name === 'step' && !isPlayed(program);
  return [`lossScale = values[${value}];`, ...(counts ? [`if (values[${steps}] < 0) updates--;`] : [])];
}

function outputsOf(program: TrainerProgram, entry: Entry, layout: Layout, call: Call): string[] {
  const inCall = { sizes: layout.sizes.map((s) => ({ ...s, variable: s.now })) };
  const returned = resultsOf(entry, call, program);
  const lengths = returned.map((r) => printSize(lengthOf(entry, r.name, r.buffer, program), inCall, 'm.'));
  const known = entry.results.filter((r) => call.has(r.buffer));
  const fields = [
    ...returned.map((r, i) => {
      const type = program.outputs.find((o) => o.name === r.name)?.type;
      const array = type ? outputType(type) : 'Float32Array';
      const words = `new ${r.buffer.dtype === 'f32' ? 'Float32Array' : 'Int32Array'}(parts[${i}])`;
      return [r.name, array === 'Uint8Array' ? `Uint8Array.from(${words})` : words] as const;
    }),
    ...known.map((r) => [r.name, `${layout.array(r.buffer)}.slice()`] as const),
  ];
  if (returned.length === 0) return ['await run;', `return ${objectOf(fields)};`];
  // The sizes of this call, before another one begins.
  return [
    `const lengths = [${lengths.join(', ')}];`,
    'const parts = takeApart(await run, lengths);',
    `return ${objectOf(fields)};`,
  ];
}

function gradientsOf(program: TrainerProgram, entry: Entry, layout: Layout, call: Call): string[] {
  const returned = resultsOf(entry, call, program);
  const lengths = returned.map((r) => printSize(r.buffer.length, layout, 'm.'));
  const value = (result: Entry['results'][number]): string => {
    const at = returned.indexOf(result);
    return at < 0 ? `${layout.array(result.buffer)}.slice()` : `new Float32Array(parts[${at}])`;
  };
  const [loss, ...rest] = entry.results;
  const fields = rest.map((r) => [r.name, value(r)] as const);
  return [
    `const parts = takeApart(await run, [${elementsOf(lengths).join(', ')}]);`,
    `return { loss: ${value(loss)}[0], gradients: ${membersOf(fields, gradientTypes)} };`,
  ];
}
