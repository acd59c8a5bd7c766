// The engine of WebGPU: shaders as text, one memory of floats and one of integers, entries as lists of dispatches.
import type { Entry, Step, TrainerProgram } from '../../ir/program.js';
import type { Definition } from '../text/definition.js';
import { runnerOf, type Engine } from '../module/engine.js';
import { printHost, type Host } from '../module/host.js';
import type { Layout } from '../module/layout.js';
import type { Scope } from '../text/names.js';
import { elementsOf, statementsOf } from '../text/progressions.js';
import { primaryPlace } from '../text/provenance.js';
import { comment, literal, objectOf, templateText } from '../text/quote.js';
import { callOf, listOf, type Call } from './call.js';
import { answersOfGpu } from './answers.js';
import { printMemory } from './memory.js';
import { inSizes, offsetOf } from './persistent.js';
import { lengthOf, resultsOf } from './results.js';
import { printShaders, type ShaderText } from './shaders.js';

/** Prints memory, shaders and entries. */
export function wgslEngine(program: TrainerProgram, layout: Layout): Engine {
  const call = callOf(program, layout);
  const host = printHost(program, layout);
  const shaders = printShaders(program, call);
  const write = (memory: 'floats' | 'integers', field: string, rest: string): string => {
    const [buffer] = [...layout.fields].find(([, name]) => name === field) ?? [];
    if (!buffer) throw new Error(`${field} is no field`);
    return `m.gpu.device.queue.writeBuffer(m.gpu.${memory}, ${bytes(offsetOf(program, layout, buffer))}, ${rest});`;
  };
  return {
    target: 'wgsl',
    asynchronous: true,
    answers: answersOfGpu(program, layout, call),
    definitions: [
      ...printMemory(program, layout, call, shaders),
      ...host.definitions,
      ...Object.values(program.entries).map((entry) => runner(entry, program, layout, call, host, shaders)),
      ...texts(shaders),
    ],
    kernels: new Map([...host.names, ...[...shaders.names].map(([kernel, name]) => [name, kernel] as const)]),
    createMemory: 'createMemory(options)',
    reserves: true,
    parameters: 'async read() {\nreturn (await download(use())).parameters;\n}',
    holds: 'holdOnGpu(m.gpu, ',
    used: 'if (memory.gpu.lost) throw memory.gpu.lost;',
    loaded: 'upload(m);',
    ready: 'upload(memory);',
    fetch: 'await download(m)',
    // Whether an update was left out is to be known before the next one is counted.
    ...(!program.lossScale && { ahead: 2 }),
    dispose: 'if (memory) closeGpu(memory.gpu);',
    placeFloats: (field, variable) => write('floats', field, variable),
    placeIntegers: (field, variable) => write('integers', field, `m.${field}, 0, ${variable}.length`),
  };
}

/** The shaders, and what they need of totals in two forms. */
function texts({ text, totals, names }: ShaderText): Definition[] {
  const places = [...names].flatMap(([kernel, name]) => {
    const place = primaryPlace(kernel);
    return place === undefined ? [] : [[name, literal(place)] as const];
  });
  const print = (name: string, code: string): Definition => ({
    kind: 'text',
    text: `const ${name} = /* wgsl */ \`\n${templateText(code)}\n\`;`,
  });
  return [
    {
      kind: 'text',
      text: `/** Where kernels come from. */\nconst places: Readonly<Record<string, string>> = ${objectOf(places)};`,
    },
    print('shaders', text),
    ...(totals ? [print('totals', totals.tree), print('subgroupTotals', totals.subgroups)] : []),
  ];
}

function bytes(words: string): string {
  return /^\d+$/.test(words) ? String(4 * Number(words)) : `4 * (${words})`;
}

/** The function that runs an entry: the host's kernels, the device's, and what comes back. */
function runner(
  entry: Entry,
  program: TrainerProgram,
  layout: Layout,
  call: Call,
  host: Host,
  shaders: ShaderText,
): Definition {
  const before: string[] = [];
  const scope = layout.module.inside(['run']);
  const dispatches = (steps: readonly Step[], inside: Scope): string[] =>
    steps.flatMap((step) => {
      if (step.kind === 'repeat') {
        const within = inside.inside();
        const at = within.take(step.axis.name);
        const round = `turn(run, ${call.turns.get(step.axis) ?? 0}, ${at});`;
        const body = [round, ...dispatches(step.steps, within)];
        const note = step.note === undefined ? [] : [comment([step.note])];
        return [
          ...note,
          `for (let ${at} = 0; ${at} < ${inSizes(step.axis.extent, layout, 'now')}; ${at}++) {`,
          ...body,
          '}',
        ];
      }
      const called = host.call(step);
      if (called !== undefined) {
        before.push(called);
        return [];
      }
      const [groups] = step.kernel.grid ?? [];
      if (!groups) throw new Error(`${step.kernel.name} has no grid`);
      const list = listOf(call, step);
      const more = list === undefined ? '' : `, ${list}`;
      const whose = step.copy === undefined ? '' : ` ${comment([step.copy])}`;
      return [`dispatch(run, "${shaders.names.get(step.kernel)}", ${inSizes(groups, layout, 'now')}${more});${whose}`];
    });
  const calls = statementsOf(dispatches(entry.steps, scope));
  const results = resultsOf(entry, call, program).map(({ name, buffer }) => {
    const memory = buffer.dtype === 'f32' ? 'floats' : 'integers';
    const length = lengthOf(entry, name, buffer, program);
    return `{ from: m.gpu.${memory}, at: ${offsetOf(program, layout, buffer)}, length: ${inSizes(length, layout, 'now')} }`;
  });
  return {
    kind: 'function',
    name: runnerOf(entry.name),
    parameters: [{ name: 'm', type: 'Memory' }],
    returns: 'Promise<ArrayBuffer>',
    body: [
      ...before,
      'const run = begin(m);',
      ...calls,
      `return finishRun(run, [${elementsOf(results).join(', ')}]);`,
    ].join('\n'),
  };
}
