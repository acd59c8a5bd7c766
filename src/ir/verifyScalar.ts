// What must hold of a scalar expression wherever it stands: its parts have the types that it needs.
import { printValue } from './printProgram.js';
import { elementType, isLanes, typeOfApplied, type Scalar } from './scalar.js';
import { partsOf } from './walk.js';

/** Expressions never change: what was right once is right. Of those that are asked for alone, since parts are many. */
const sound = new WeakSet<Scalar>();

/** What is wrong with the types within the value, a sentence each. `seen` are expressions that were right a moment ago. */
export function faultsOfTypes(value: Scalar, seen: Set<Scalar> = new Set()): string[] {
  if (sound.has(value)) return [];
  const faults = faultsWithin(value, seen);
  if (faults.length === 0) sound.add(value);
  return faults;
}

function faultsWithin(value: Scalar, seen: Set<Scalar>): string[] {
  if (seen.has(value)) return none;
  let faults: string[] = none;
  for (const part of partsOf(value)) {
    const inPart = faultsWithin(part, seen);
    if (inPart.length > 0) faults = [...faults, ...inPart];
  }
  // Of what is made of faulty parts, the parts are told.
  if (faults.length > 0) return [...new Set(faults)];
  const own = faultOf(value);
  if (own !== undefined) return [`${printValue(value)} ${own}`];
  seen.add(value);
  return none;
}

const none: string[] = [];

function faultOf(value: Scalar): string | undefined {
  switch (value.kind) {
    case 'number':
    case 'local':
      return undefined;
    case 'index':
      return value.type === 'i32' ? undefined : `is a coordinate, and ${value.type}`;
    case 'load':
      return value.type === elementType(value.from)
        ? undefined
        : `is ${value.type}, its buffer holds ${value.from.dtype}`;
    case 'apply':
      return faultOfApplied(value);
    case 'fold':
      return value.type === value.body.type ? undefined : `is ${value.type}, what it folds is ${value.body.type}`;
    case 'splat':
      return isLanes(value.of) ? 'spreads what has four lanes already' : undefined;
    case 'lane':
      return isLanes(value.of) && value.at >= 0 && value.at < 4 ? undefined : 'takes a lane that is not there';
    default:
      return value satisfies never;
  }
}

function faultOfApplied({ op, args, type }: Scalar & { readonly kind: 'apply' }): string | undefined {
  try {
    const expected = typeOfApplied(op, args);
    return type === expected ? undefined : `is ${type}, its operands make ${expected}`;
  } catch (error) {
    return `is misused: ${error instanceof Error ? error.message : String(error)}`;
  }
}
