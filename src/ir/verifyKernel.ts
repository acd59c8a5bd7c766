// What must hold of a kernel: lets and axes are there where they are read, types agree, and what threads share is theirs to share.
import type { Axis, Index } from './index.js';
import { printAddress } from './printProgram.js';
import type { Kernel, Statement } from './program.js';
import { elementType, isLanes, type Buffer, type Scalar, type ScalarType } from './scalar.js';
import { faultsOfSharing } from './verifySharing.js';
import { faultsOfTypes } from './verifyScalar.js';
import { partsOf } from './walk.js';

interface Let {
  readonly type: ScalarType;
  readonly lanes: boolean;
  readonly mutable: boolean;
}

/** What is visible at a statement. */
interface Scope {
  readonly lets: Map<string, Let>;
  readonly axes: Set<Axis>;
  readonly faults: Set<string>;
  /** Values whose types are right. */
  readonly typed: Set<Scalar>;
}

const sound = new WeakMap<readonly Statement[], ReadonlySet<Axis>>();

/** What is wrong with a kernel, a sentence each. `outer` are the axes that are bound around it. */
export function faultsOfKernel(kernel: Kernel, outer: ReadonlySet<Axis>): string[] {
  const before = sound.get(kernel.body);
  if (before && [...before].every((axis) => outer.has(axis))) return [];
  const scope: Scope = { lets: new Map(), axes: new Set(outer), faults: new Set(), typed: new Set() };
  checkBlock(kernel.body, scope);
  const faults = [...scope.faults, ...faultsOfSharing(kernel, outer)];
  if (faults.length === 0) sound.set(kernel.body, outer);
  return faults.map((fault) => `${kernel.name}: ${fault}`);
}

/** What a block binds ends with it. */
function checkBlock(body: readonly Statement[], scope: Scope): void {
  const lets: string[] = [];
  const axes: Axis[] = [];
  for (const statement of body) {
    checkStatement(statement, scope);
    if (statement.kind === 'let') {
      const { name, value, mutable = false } = statement;
      if (scope.lets.has(name)) scope.faults.add(`the let ${name} stands where there is one already`);
      else lets.push(name);
      scope.lets.set(name, { type: value.type, lanes: isLanes(value), mutable });
    } else if (statement.kind === 'index') axes.push(bind(statement.axis, scope));
  }
  for (const name of lets) scope.lets.delete(name);
  for (const axis of axes) scope.axes.delete(axis);
}

function bind(axis: Axis, { axes, faults }: Scope): Axis {
  if (axes.has(axis)) faults.add(`${axis.name} is bound where it is already`);
  axes.add(axis);
  return axis;
}

const fixed: ReadonlySet<Buffer['space']> = new Set(['input', 'counter', 'constant']);

function checkStatement(statement: Statement, scope: Scope): void {
  const { faults } = scope;
  switch (statement.kind) {
    case 'loop': {
      const { axis, from, to, last, step, body } = statement;
      for (const bound of [from, to, last]) if (bound) checkIndex(bound, scope);
      if (!(step >= 1)) faults.add(`the loop over ${axis.name} has the step ${step}`);
      bind(axis, scope);
      checkBlock(body, scope);
      scope.axes.delete(axis);
      return;
    }
    case 'index':
      return checkIndex(statement.value, scope);
    case 'let':
      return checkValue(statement.value, scope);
    case 'set': {
      const { name, value } = statement;
      checkValue(value, scope);
      const known = scope.lets.get(name);
      if (!known) return void faults.add(`sets ${name}, and there is no such let`);
      if (!known.mutable) faults.add(`sets ${name}, which is not mutable`);
      if (!isOf(value, known)) faults.add(`sets ${name} to a value of another type`);
      return;
    }
    case 'store': {
      const { to, at, value } = statement;
      checkIndex(at, scope);
      checkValue(value, scope);
      if (value.type !== elementType(to)) faults.add(`stores ${value.type} into ${to.name}, which holds ${to.dtype}`);
      if (fixed.has(to.space)) faults.add(`stores into ${to.name}, which is given`);
      return;
    }
    case 'if':
      for (const side of statement.less) checkIndex(side, scope);
      checkBlock(statement.then, scope);
      return checkBlock(statement.else, scope);
    case 'transpose':
      for (const name of statement.names)
        if (scope.lets.get(name)?.lanes !== true) faults.add(`transposes ${name}, which is no let of four lanes`);
      return;
    case 'barrier': {
      const { total } = statement;
      if (!total) return;
      const known = scope.lets.get(total.name);
      if (!known?.mutable || known.type !== total.type) faults.add(`totals ${total.name}, which is no such let`);
      return;
    }
    default:
      return statement satisfies never;
  }
}

function isOf(value: Scalar, { type, lanes }: Let): boolean {
  return value.type === type && isLanes(value) === lanes;
}

function checkValue(value: Scalar, scope: Scope): void {
  for (const fault of faultsOfTypes(value, scope.typed)) scope.faults.add(fault);
  visit(value, scope, new Set());
}

function visit(value: Scalar, scope: Scope, seen: Set<Scalar>): void {
  switch (value.kind) {
    case 'number':
      return;
    case 'local': {
      const known = scope.lets.get(value.name);
      if (!known) scope.faults.add(`reads the let ${value.name}, which is not there`);
      else if (!isOf(value, known)) scope.faults.add(`reads the let ${value.name} as another type than it has`);
      return;
    }
    case 'index':
      return checkIndex(value.of, scope);
    case 'load':
      return checkIndex(value.at, scope);
    case 'fold':
      return void scope.faults.add('holds a fold that has not become a loop');
    case 'apply':
    case 'splat':
    case 'lane':
      if (seen.has(value)) return;
      seen.add(value);
      for (const part of partsOf(value)) visit(part, scope, seen);
      return;
    default:
      return value satisfies never;
  }
}

/** Axes are bound, and what is read on the way is there. */
function checkIndex(index: Index, scope: Scope): void {
  for (const { atoms } of index.terms)
    for (const part of atoms)
      switch (part.kind) {
        case 'size':
          break;
        case 'axis':
          if (!scope.axes.has(part))
            scope.faults.add(`${printAddress(index)} mentions ${part.name}, over which nothing goes`);
          break;
        case 'sum':
          checkIndex(part.of, scope);
          break;
        case 'quotient':
          checkIndex(part.of, scope);
          checkIndex(part.by, scope);
          break;
        case 'element':
          checkValue(part.of, scope);
          break;
        default:
          part satisfies never;
      }
}
