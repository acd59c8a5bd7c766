// The printed form of a program: its buffers with their places, its kernels statement by statement, and what each entry runs.
import { printIndex, type Index } from './index.js';
import type { Entry, Kernel, Program, Statement, Step } from './program.js';
import type { Buffer, Scalar } from './scalar.js';

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
  const comments = [...provenance.formulas, ...provenance.sources, plan].map((line) => `  // ${line}`);
  return [`kernel ${name} (${provenance.phase})`, ...comments, ...body.flatMap((s) => printStatement(s, '  '))].join(
    '\n',
  );
}

function printBuffer({ name, space, dtype, length }: Buffer, offset: Index | undefined): string {
  const place = offset === undefined ? '' : ` at ${printIndex(offset)}`;
  return `buffer ${name}: ${dtype}[${printIndex(length)}] in ${space}${place}`;
}

function printEntry({ name, inputs, steps, results }: Entry): string {
  const lines = [`entry ${name}(${inputs.join(', ')})`, ...steps.flatMap((step) => printStep(step, '  '))];
  return [...lines, ...results.map((result) => `  gives ${result.name} from ${result.buffer.name}`)].join('\n');
}

function printStep(step: Step, indent: string): string[] {
  switch (step.kind) {
    case 'run':
      return [`${indent}run ${step.kernel.name}${step.host ? ' on the host' : ''}`];
    case 'repeat': {
      const head = `${indent}repeat ${step.axis.name} < ${printIndex(step.axis.extent)}`;
      return [head, ...step.steps.flatMap((inner) => printStep(inner, `${indent}  `))];
    }
    default:
      return step satisfies never;
  }
}

function printStatement(s: Statement, indent: string): string[] {
  const block = (body: readonly Statement[]): string[] => body.flatMap((inner) => printStatement(inner, `${indent}  `));
  switch (s.kind) {
    case 'loop': {
      const from = s.from ? address(s.from) : '0';
      const step = s.step === 1 ? '' : ` step ${s.step}`;
      const last = s.last ? `, at most ${address(s.last)}` : '';
      const as = s.as === 'serial' ? 'for' : s.as;
      return [`${indent}${as} ${s.axis.name} = ${from} .. ${address(s.to)}${step}${last}`, ...block(s.body)];
    }
    case 'index':
      return [`${indent}let ${s.axis.name} = ${address(s.value)}`];
    case 'let':
      return [`${indent}${s.mutable ? 'var' : 'let'} ${s.name} = ${printScalar(s.value)}`];
    case 'set':
      return [`${indent}${s.name} = ${printScalar(s.value)}`];
    case 'store':
      return [`${indent}${s.to.name}[${address(s.at)}] ${s.add ? '+=' : '='} ${printScalar(s.value)}`];
    case 'if': {
      const [a, b] = s.less.map(address);
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

/** A scalar expression; four-lane loads end in `…4`. */
export function printScalar(value: Scalar): string {
  switch (value.kind) {
    case 'number':
      return `${value.value}`;
    case 'index':
      return address(value.of);
    case 'load':
      return `${value.from.name}[${address(value.at)}${value.lanes ? ' …4' : ''}]`;
    case 'apply': {
      const args = value.args.map(printScalar);
      const sign = infix[value.op];
      return sign === undefined ? `${value.op}(${args.join(', ')})` : `(${args.join(` ${sign} `)})`;
    }
    case 'fold':
      return `${value.op} over ${value.over.map(({ name }) => name).join(', ')} (${printScalar(value.body)})`;
    case 'local':
      return value.name;
    case 'splat':
      return `splat(${printScalar(value.of)})`;
    case 'lane':
      return `lane(${printScalar(value.of)}, ${value.at})`;
    default:
      return value satisfies never;
  }
}

/** An index in which the elements used as coordinates are written out. */
function address(index: Index): string {
  const elements = new Map<string, Scalar>();
  const collect = (part: Index): void => {
    for (const of of part.terms.flatMap(({ atoms }) => atoms)) {
      if (of.kind === 'element') elements.set(of.of.key, of.of);
      if (of.kind === 'quotient') {
        collect(of.of);
        collect(of.by);
      }
    }
  };
  collect(index);
  let text = printIndex(index);
  for (const [key, value] of elements) text = text.replaceAll(`[${key}]`, printScalar(value));
  return text;
}
