// Statements of a kernel as lines of WGSL: loops over groups and threads are what the invocation is given to do.
import type { Index } from '../../ir/index.js';
import type { Statement, Total } from '../../ir/program.js';
import { isLanes, type Buffer, type Scalar } from '../../ir/scalar.js';
import type { KernelScope } from '../text/scope.js';
import { printAddress, printHalf, printScalar, type KernelNames } from './scalar.js';

type Loop = Extract<Statement, { kind: 'loop' }>;

/** What statements need to know of their kernel. */
export interface Surroundings {
  readonly element: (buffer: Buffer, at: Index, names: KernelNames) => string;
  /** Four of them, to load; to store, where the buffer is one of vectors. */
  readonly vector: (buffer: Buffer, at: Index, names: KernelNames) => string;
  /** What the workgroup's values of this name come to. */
  readonly total: (total: Total, name: string) => string;
  /** The number that an invocation has in a loop over groups or threads: its text, and whether it may be past the loop's end. */
  readonly number: (loop: Loop, inGroup: boolean) => { readonly text: string; readonly mayPass: boolean };
}

/** The lines of a block. */
export function printStatements(
  body: readonly Statement[],
  scope: KernelScope,
  around: Surroundings,
  inGroup = false,
): string[] {
  return body.flatMap((statement) => printStatement(statement, scope, around, inGroup));
}

function printStatement(s: Statement, scope: KernelScope, around: Surroundings, inGroup: boolean): string[] {
  const names: KernelNames = {
    size: (name) => scope.size(name),
    axis: (axis) => scope.axis(axis),
    local: (name) => scope.local(name),
    element: (buffer, at) => around.element(buffer, at, names),
    vector: (buffer, at) => around.vector(buffer, at, names),
  };
  const value = (v: Scalar): string => printScalar(v, names).text;
  const index = (i: Index): string => printAddress(i, names).text;
  const block = (statements: readonly Statement[]): string[] =>
    printStatements(statements, scope.inside(), around, inGroup).map((line) => `  ${line}`);
  switch (s.kind) {
    case 'loop':
      return s.as === 'serial'
        ? printLoop(s, scope, around, inGroup, index)
        : printParallel(s, scope, around, inGroup, index);
    case 'index': {
      const text = index(s.value);
      return [`let ${scope.bindAxis(s.axis)} = ${text};`];
    }
    case 'let': {
      const text = value(s.value);
      return [`${s.mutable ? 'var' : 'let'} ${scope.bindLocal(s.name)} = ${text};`];
    }
    case 'set': {
      const by = addend(s.value, (v) => v.kind === 'local' && v.name === s.name);
      const name = scope.local(s.name);
      return [by ? `${name} += ${value(by)};` : `${name} = ${value(s.value)};`];
    }
    case 'store':
      return [printStore(s, names)];
    case 'if': {
      const [a, b] = s.less;
      const otherwise = s.else.length > 0 ? ['} else {', ...block(s.else)] : [];
      return [`if (${index(a)} < ${index(b)}) {`, ...block(s.then), ...otherwise, '}'];
    }
    case 'barrier':
      if (s.total) {
        const name = scope.local(s.total.name);
        return [`${name} = ${around.total(s.total, name)};`];
      }
      return s.storage ? ['workgroupBarrier();', 'storageBarrier();'] : ['workgroupBarrier();'];
    case 'transpose': {
      const locals = s.names.map((name) => scope.local(name));
      const turned = scope.fresh('turned');
      return [
        `let ${turned} = transpose(mat4x4<f32>(${locals.join(', ')}));`,
        ...locals.map((name, i) => `${name} = ${turned}[${i}];`),
      ];
    }
    default:
      return s satisfies never;
  }
}

function printStore({ to, at: place, value }: Extract<Statement, { kind: 'store' }>, names: KernelNames): string {
  const target = (of: Buffer, at: Index): string => (isLanes(value) ? names.vector(of, at) : names.element(of, at));
  const element = target(to, place);
  if (to.dtype === 'f16') return `${element} = ${printHalf(value, names)};`;
  const by = addend(value, (v) => v.kind === 'load' && target(v.from, v.at) === element);
  return `${element} ${by ? '+=' : '='} ${printScalar(by ?? value, names).text};`;
}

function printLoop(
  s: Loop,
  scope: KernelScope,
  around: Surroundings,
  inGroup: boolean,
  index: (i: Index) => string,
): string[] {
  const [from, to] = [s.from ? index(s.from) : '0', index(s.to)];
  const last = s.last && index(s.last);
  const inner = scope.inside();
  // With overlapped tails, the axis is the counter as long as that leaves a whole tile.
  const counter = last === undefined ? inner.bindAxis(s.axis) : inner.fresh(`${s.axis.name}_next`);
  const head = last === undefined ? [] : [`  let ${inner.bindAxis(s.axis)} = min(${counter}, ${last});`];
  const advance = s.step === 1 ? `${counter}++` : `${counter} += ${s.step}`;
  const lines = printStatements(s.body, inner.inside(), around, inGroup).map((line) => `  ${line}`);
  return [`for (var ${counter} = ${from}; ${counter} < ${to}; ${advance}) {`, ...head, ...lines, '}'];
}

/** Invocations past the end of the loop leave; all of a group do so together where the loop is over groups. */
function printParallel(
  s: Loop,
  scope: KernelScope,
  around: Surroundings,
  inGroup: boolean,
  index: (i: Index) => string,
): string[] {
  const { text, mayPass } = around.number(s, inGroup);
  const axis = scope.bindAxis(s.axis);
  const guard = mayPass ? [`if (${axis} >= ${index(s.to)}) {`, '  return;', '}'] : [];
  return [`let ${axis} = ${text};`, ...guard, ...printStatements(s.body, scope, around, inGroup || s.as === 'group')];
}

/** `acc = acc + x` is `acc += x`. */
function addend(value: Scalar, isTarget: (value: Scalar) => boolean): Scalar | undefined {
  if (value.kind !== 'apply' || value.op !== 'add') return undefined;
  const [first, by] = value.args;
  return isTarget(first) ? by : undefined;
}
