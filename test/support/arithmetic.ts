// What a program computes, as text without names: two programs have the same text exactly when they differ in names alone.
import { type Axis, type Index } from '../../src/ir/index.js';
import type { Kernel, Run, Statement, Step, TrainerProgram } from '../../src/ir/program.js';
import { actualOf } from '../../src/ir/runs.js';
import type { Buffer, Scalar } from '../../src/ir/scalar.js';

/** Kernels as they are called, with the buffers of each call, and where those lie. */
export function arithmeticOf(program: TrainerProgram): string {
  const sizes = numbering<string>('size');
  const buffers = numbering<Buffer>('buffer');
  const met: Buffer[] = [];
  const bufferOf = (buffer: Buffer): string => {
    if (!met.includes(buffer)) met.push(buffer);
    return buffers(buffer);
  };
  const lines: string[] = [];
  const walk = (steps: readonly Step[]): void => {
    for (const step of steps)
      if (step.kind === 'repeat') walk(step.steps);
      else lines.push(...kernelText(step.kernel, step, bufferOf, sizes));
  };
  for (const entry of Object.values(program.entries)) {
    lines.push(`entry ${entry.name} of ${entry.inputs.length}`);
    walk(entry.steps);
    lines.push(`gives ${entry.results.map(({ buffer }) => bufferOf(buffer)).join(' ')}`);
  }
  const index = indexText(numbering('axis'), sizes, () => 'element');
  for (const buffer of met) {
    const { space, dtype, length, below, data } = buffer;
    const offset = program.memory.offsets.get(buffer);
    lines.push(
      `${bufferOf(buffer)}: ${space} ${dtype}[${index(length)}] below ${below} at ${offset && index(offset)} of ${data?.join()}`,
    );
  }
  return lines.join('\n');
}

/** Numbers things in the order in which they are met. */
function numbering<T>(kind: string): (of: T) => string {
  const numbers = new Map<T, number>();
  return (of) => {
    const known = numbers.get(of) ?? numbers.size;
    numbers.set(of, known);
    return `${kind}${known}`;
  };
}

function indexText(axis: (of: Axis) => string, size: (of: string) => string, scalar: (of: Scalar) => string) {
  const text = ({ terms }: Index): string =>
    terms
      .map(({ factor, atoms }) =>
        [
          factor,
          ...atoms.map((part) => {
            if (part.kind === 'axis') return axis(part);
            if (part.kind === 'size') return size(part.name);
            if (part.kind === 'sum') return `(${text(part.of)})`;
            return part.kind === 'element' ? `[${scalar(part.of)}]` : `(${text(part.of)} div ${text(part.by)})`;
          }),
        ].join('*'),
      )
      .join(' + ');
  return text;
}

function kernelText(
  kernel: Kernel,
  run: Run,
  bufferOf: (buffer: Buffer) => string,
  size: (name: string) => string,
): string[] {
  const free = numbering<Axis>('axis');
  // A name or an axis may stand for one value after another: what counts is which let or loop it is of.
  const axes = new Map<Axis, string>();
  const locals = new Map<string, string>();
  const axis = (of: Axis): string => axes.get(of) ?? free(of);
  const local = (name: string): string => locals.get(name) ?? 'unbound';
  let bound = 0;
  const bind = <T>(into: Map<T, string>, of: T): string => {
    const name = `bound${bound++}`;
    into.set(of, name);
    return name;
  };
  const lines: string[] = [];
  /** Each part once, under a number, so that shared ones are not written again and again. */
  const inStatement = () => {
    const known = new Map<string, string>();
    const scalar = (value: Scalar): string => {
      const before = known.get(value.key);
      if (before !== undefined) return before;
      const text = write(value);
      const name = `part${known.size}`;
      known.set(value.key, name);
      lines.push(`${name} = ${'lanes' in value && value.lanes ? 'lanes ' : ''}${value.type} ${text}`);
      return name;
    };
    const index = indexText(axis, size, scalar);
    const write = (value: Scalar): string => {
      switch (value.kind) {
        case 'number':
          return `${Object.is(value.value, -0) ? '-0' : value.value}`;
        case 'index':
          return `<${index(value.of)}>`;
        case 'load':
          return `${bufferOf(actualOf(run, value.from))}[${index(value.at)}]`;
        case 'apply':
          return `${value.op}(${value.args.map(scalar).join(', ')})`;
        case 'fold':
          return `${value.op} over ${value.over.map((a) => `${axis(a)} < ${index(a.extent)}`).join(', ')}: ${scalar(value.body)}`;
        case 'local':
          return local(value.name);
        case 'splat':
          return `splat ${scalar(value.of)}`;
        case 'lane':
          return `lane ${value.at} of ${scalar(value.of)}`;
        default:
          return value satisfies never;
      }
    };
    return { scalar, index };
  };
  const write = (statement: Statement): void => {
    const { scalar, index } = inStatement();
    switch (statement.kind) {
      case 'loop': {
        const { from, to, step, last, as, parallel, atLeastOnce, pairs, body } = statement;
        const bounds = `from ${from && index(from)} to ${index(to)} by ${step} last ${last && index(last)}`;
        lines.push(`${as} ${bind(axes, statement.axis)} ${bounds} ${parallel} ${atLeastOnce} ${pairs}`);
        body.forEach(write);
        lines.push('end');
        return;
      }
      case 'index': {
        const value = index(statement.value);
        lines.push(`${bind(axes, statement.axis)} = ${value}`);
        return;
      }
      case 'let': {
        const value = scalar(statement.value);
        lines.push(
          `${statement.mutable ? 'var' : 'let'} ${bind(locals, statement.name)} = ${value} ${statement.beside}`,
        );
        return;
      }
      case 'set':
        lines.push(`${local(statement.name)} = ${scalar(statement.value)}`);
        return;
      case 'store': {
        const { to, at, value, fence, beside } = statement;
        lines.push(`${bufferOf(actualOf(run, to))}[${index(at)}] = ${scalar(value)} ${fence} ${beside}`);
        return;
      }
      case 'if':
        lines.push(`if ${statement.less.map(index).join(' < ')}`);
        statement.then.forEach(write);
        lines.push('else');
        statement.else.forEach(write);
        lines.push('end');
        return;
      case 'transpose':
        lines.push(`transpose ${statement.names.map(local).join(' ')}`);
        return;
      case 'barrier':
        lines.push(
          `barrier ${statement.storage} ${statement.total && `${statement.total.op} ${local(statement.total.name)}`}`,
        );
        return;
      default:
        statement satisfies never;
    }
  };
  const { index } = inStatement();
  const grid = kernel.grid?.map(index).join(' x ');
  lines.push(`kernel ${kernel.provenance.phase} ${run.host} grid ${grid} threads ${kernel.threads?.join(' x ')}`);
  kernel.body.forEach(write);
  return lines;
}
