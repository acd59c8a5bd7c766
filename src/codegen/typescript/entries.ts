// The entries of a module: functions that call the kernels in order.
import { sizesOf } from '../../ir/index.js';
import type { Entry, Run, Step, TrainerProgram } from '../../ir/program.js';
import { actualOf, runsOf } from '../../ir/runs.js';
import type { Definition } from '../text/definition.js';
import { runnerOf } from '../module/engine.js';
import type { Layout } from '../module/layout.js';
import { statementsOf } from '../text/progressions.js';
import { comment } from '../text/quote.js';
import { KernelScope } from '../text/scope.js';
import type { Argument, KernelFunction } from './kernel.js';
import { printAddress } from './scalar.js';

type FunctionOf = (run: Run) => KernelFunction;

const docs: Partial<Record<Entry['name'], string>> = {
  step: 'One optimizer step.',
  accumulate: 'A step that only adds to the gradients of the update to come.',
  gradients: 'The gradients of the total loss.',
  observe: 'What is to be known of the data before the first step.',
  evaluate: 'Losses and metrics, with training off.',
  predict: 'The outputs, with training off.',
};

/** What several entries begin with, by what it is called. */
const beginnings = [
  {
    name: 'differentiate',
    entries: ['accumulate', 'step', 'gradients'],
    doc: 'What an update and `gradients` begin with.',
  },
  { name: 'forward', entries: ['evaluate', 'predict'], doc: 'What `evaluate` and `predict` begin with.' },
] as const;

/**
 * A function for each entry. Where copies of a layer make for long lists of calls, what entries begin with in common is a function of
 * its own.
 */
export function printEntries(program: TrainerProgram, layout: Layout, functionOf: FunctionOf): Definition[] {
  const shared = beginnings.flatMap(({ name, entries, doc }) => {
    const of = entries.flatMap((entry) => program.entries[entry] ?? []);
    const steps = commonSteps(of.map((entry) => entry.steps.filter(onDevice)));
    return of.length > 1 && runsOf(steps).some((run) => run.given)
      ? [{ name: layout.module.take(name), of, doc, steps }]
      : [];
  });
  const entries = Object.values(program.entries).map((entry) => {
    const begins = shared.find(({ of }) => of.includes(entry));
    const device = entry.steps.filter(onDevice).slice(begins?.steps.length ?? 0);
    const host = entry.steps.filter((step) => !onDevice(step));
    return printFunction(
      runnerOf(entry.name),
      docs[entry.name],
      [host, begins ? `${begins.name}(m);` : '', device],
      layout,
      functionOf,
    );
  });
  return [...shared.map(({ name, doc, steps }) => printFunction(name, doc, [steps], layout, functionOf)), ...entries];
}

function onDevice(step: Step): boolean {
  return step.kind !== 'run' || !step.host;
}

/** The calls that all lists begin with. */
function commonSteps([first = [], ...others]: readonly (readonly Step[])[]): readonly Step[] {
  const end = first.findIndex((step, i) => !others.every((steps) => sameCall(step, steps[i])));
  return end < 0 ? first : first.slice(0, end);
}

function sameCall(a: Step, b: Step | undefined): boolean {
  return a.kind === 'run' && b?.kind === 'run' && a.kernel === b.kernel && a.given === b.given;
}

/** A function of these calls; a text among them stands as it is. */
function printFunction(
  name: string,
  doc: string | undefined,
  parts: readonly (readonly Step[] | string)[],
  layout: Layout,
  functionOf: FunctionOf,
): Definition {
  const used = new Set<string>();
  const scope = new KernelScope(layout.module.inside());
  const variables = new Map(layout.sizes.map((s) => [s.size, scope.bindSize(s.size)]));
  const lines = parts.map((part) =>
    typeof part === 'string' ? part : printSteps(part, scope, used, layout, functionOf),
  );
  const body = lines.filter((line) => line !== '').join('\n');
  const taken = layout.sizes
    .filter((s) => used.has(s.size))
    .map((s) => (s.now === variables.get(s.size) ? s.now : `${s.now}: ${variables.get(s.size)}`));
  return {
    kind: 'function',
    name,
    doc,
    parameters: [{ name: body === '' ? '_m' : 'm', type: 'Memory' }],
    returns: 'void',
    body: `${taken.length > 0 ? `const { ${taken.join(', ')} } = m;\n` : ''}${body}`,
  };
}

/** The calls, a line each; `used` gets the sizes that they mention. */
function printSteps(
  steps: readonly Step[],
  scope: KernelScope,
  used: Set<string>,
  layout: Layout,
  functionOf: FunctionOf,
): string {
  const printArgument = (argument: Argument, run: Run): string => {
    switch (argument.kind) {
      case 'size':
        used.add(argument.name);
        return scope.size(argument.name);
      case 'axis':
        return String(run.numbers?.get(argument.axis) ?? scope.axis(argument.axis));
      case 'buffer':
        return layout.array(actualOf(run, argument.buffer));
      default:
        return argument satisfies never;
    }
  };
  const lines = steps.map((step) => {
    if (step.kind === 'run') {
      const called = functionOf(step);
      const given = called.arguments.map((a) => printArgument(a, step));
      return `${called.name}(${given.join(', ')});${step.copy === undefined ? '' : ` ${comment([step.copy])}`}`;
    }
    sizesOf(step.axis.extent, used);
    const extent = printAddress(step.axis.extent, scope).text;
    const inner = scope.inside();
    const axis = inner.bindAxis(step.axis);
    const body = printSteps(step.steps, inner, used, layout, functionOf);
    const note = step.note === undefined ? '' : `${comment([step.note])}\n`;
    return `${note}for (let ${axis} = 0; ${axis} < ${extent}; ${axis}++) {\n${body}\n}`;
  });
  return statementsOf(lines).join('\n');
}
