// The printed form of a program: its buffers with their places, its kernels statement by statement, and what each entry runs.
import { printIndex, type Index } from './index.js';
import type { Entry, Kernel, Program, Run, Statement, Step } from './program.js';
import type { Buffer, Scalar } from './scalar.js';
import { printSource } from './source.js';
import { elementsOf, partsOf } from './walk.js';

/** The whole program. */
export function printProgram(program: Program): string {
  const buffers = program.buffers.map((buffer) => printBuffer(buffer, program.memory.offsets.get(buffer)));
  const entries = Object.values(program.entries).filter((entry) => entry !== undefined);
  return [
    `memory ${printIndex(program.memory.length)} words`,
    ...buffers,
    ...program.kernels.map((kernel) => `\n${printKernel(kernel)}`),
    ...entries.map((entry) => `\n${printEntry(entry)}`),
  ].join('\n');
}

/** One kernel: what it computes, its plan, its statements. */
export function printKernel({ name, body, plan, provenance }: Kernel): string {
  const comments = [...provenance.formulas, ...provenance.sources.map(printSource), plan].map((line) => `  // ${line}`);
  return [`kernel ${name} (${provenance.phase})`, ...comments, ...body.flatMap((s) => printStatement(s, '  '))].join(
    '\n',
  );
}

function printBuffer({ name, space, dtype, length }: Buffer, offset: Index | undefined): string {
  const place = offset === undefined ? '' : ` at ${printIndex(offset)}`;
  return `buffer ${name}: ${dtype}[${printIndex(length)}] in ${space}${place}`;
}

function printEntry({ name, inputs, steps, results }: Entry): string {
  const lines = [`entry ${name}(${inputs.join(', ')})`, ...printSteps(steps)];
  return [...lines, ...results.map((result) => `  gives ${result.name} from ${result.buffer.name}`)].join('\n');
}

/** What an entry runs, a line a call. */
export function printSteps(steps: readonly Step[]): string[] {
  return steps.flatMap((step) => printStep(step, '  '));
}

function printStep(step: Step, indent: string): string[] {
  switch (step.kind) {
    case 'run':
      return [`${indent}run ${step.kernel.name}${printArguments(step)}${step.host ? ' on the host' : ''}`];
    case 'repeat': {
      const note = step.note === undefined ? '' : `  // ${step.note}`;
      const head = `${indent}repeat ${step.axis.name} < ${printIndex(step.axis.extent)}${note}`;
      return [head, ...step.steps.flatMap((inner) => printStep(inner, `${indent}  `))];
    }
    default:
      return step satisfies never;
  }
}

function printArguments({ given = new Map(), numbers = new Map() }: Run): string {
  const all = [
    ...[...given].map(([parameter, { name }]) => `${parameter.name} = ${name}`),
    ...[...numbers].map(([{ name }, number]) => `${name} = ${number}`),
  ];
  return all.length > 0 ? ` with ${all.join(', ')}` : '';
}

function printStatement(s: Statement, indent: string): string[] {
  const block = (body: readonly Statement[]): string[] => body.flatMap((inner) => printStatement(inner, `${indent}  `));
  switch (s.kind) {
    case 'loop': {
      const from = s.from ? printAddress(s.from) : '0';
      const step = s.step === 1 ? '' : ` step ${s.step}`;
      const last = s.last ? `, at most ${printAddress(s.last)}` : '';
      const pairs = s.pairs ? ' in pairs' : '';
      const as = s.as === 'serial' ? 'for' : s.as;
      return [
        `${indent}${as} ${s.axis.name} = ${from} .. ${printAddress(s.to)}${step}${last}${pairs}`,
        ...block(s.body),
      ];
    }
    case 'index':
      return [`${indent}let ${s.axis.name} = ${printAddress(s.value)}`];
    case 'let':
      return [
        ...(s.fence ? [`${indent}fence`] : []),
        ...printAssignment(`${s.beside ? '| ' : ''}${s.mutable ? 'var' : 'let'} ${s.name} =`, s.value, indent),
      ];
    case 'set':
      return printAssignment(`${s.name} =`, s.value, indent);
    case 'store':
      return [
        ...(s.fence ? [`${indent}fence`] : []),
        ...printAssignment(`${s.beside ? '| ' : ''}${s.to.name}[${printAddress(s.at)}] =`, s.value, indent),
      ];
    case 'if': {
      const [a, b] = s.less.map((side) => printAddress(side));
      const otherwise = s.else.length > 0 ? [`${indent}else`, ...block(s.else)] : [];
      return [`${indent}if ${a} < ${b}`, ...block(s.then), ...otherwise];
    }
    case 'transpose':
      return [`${indent}transpose ${s.names.join(', ')}`];
    case 'barrier':
      return [`${indent}${s.total ? `total ${s.total.op} ${s.total.name}` : 'barrier'}`];
    default:
      return s satisfies never;
  }
}

/** What the value has several times comes first, under names of its own: `$1`, `$2`, …. */
export function printAssignment(to: string, value: Scalar, indent: string): string[] {
  const uses = new Map<string, number>();
  const inOrder: Scalar[] = [];
  const count = (part: Scalar): void => {
    const before = uses.get(part.key) ?? 0;
    uses.set(part.key, before + 1);
    if (before > 0) return;
    partsOf(part).forEach(count);
    if (part.kind === 'apply') inOrder.push(part);
  };
  count(value);
  const names = new Map<string, string>();
  const lines: string[] = [];
  for (const part of inOrder) {
    if ((uses.get(part.key) ?? 0) < 2) continue;
    const name = `$${names.size + 1}`;
    lines.push(`${indent}let ${name} = ${printValue(part, names)}`);
    names.set(part.key, name);
  }
  return [...lines, `${indent}${to} ${printValue(value, names)}`];
}

const infix: Readonly<Record<string, string>> = {
  add: '+',
  sub: '-',
  mul: '*',
  div: '/',
  lt: '<',
  le: '<=',
  eq: '==',
  and: 'and',
  or: 'or',
};

/** A scalar expression, with names for the parts that have one; four-lane loads end in `…4`. */
export function printValue(value: Scalar, names: ReadonlyMap<string, string> = new Map()): string {
  const print = (part: Scalar): string => printValue(part, names);
  const known = names.get(value.key);
  if (known !== undefined) return known;
  switch (value.kind) {
    case 'number':
      return `${value.value}`;
    case 'index':
      return printAddress(value.of, names);
    case 'load':
      return `${value.from.name}[${printAddress(value.at, names)}${value.lanes ? ' …4' : ''}]`;
    case 'apply': {
      const args = value.args.map(print);
      const sign = infix[value.op];
      return sign === undefined ? `${value.op}(${args.join(', ')})` : `(${args.join(` ${sign} `)})`;
    }
    case 'fold':
      return `${value.op} over ${value.over.map(({ name }) => name).join(', ')} (${print(value.body)})`;
    case 'local':
      return value.name;
    case 'splat':
      return `splat(${print(value.of)})`;
    case 'lane':
      return `lane(${print(value.of)}, ${value.at})`;
    default:
      return value satisfies never;
  }
}

/** An index in which the elements used as coordinates are written out. */
export function printAddress(index: Index, names?: ReadonlyMap<string, string>): string {
  let text = printIndex(index);
  for (const value of elementsOf(index)) text = text.replaceAll(`[${value.key}]`, printValue(value, names));
  return text;
}
