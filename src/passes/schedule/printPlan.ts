// The printed form of plans: every choice of a plan's record, axes and values by what they are called.
import { printIndex } from '../../ir/index.js';
import { isIndex } from '../../ir/print.js';
import { printNest } from '../../ir/printNest.js';
import { printValue } from '../../ir/printProgram.js';
import type { Buffer, Scalar } from '../../ir/scalar.js';
import type { Axis } from '../../ir/index.js';
import type { PlannedUnit } from './works.js';

/** The nest, and what was chosen for it: in a line, then choice by choice. */
export function printPlanned({ nest: { nest, plan }, host }: PlannedUnit): string {
  const { text, ...choices } = plan;
  return [printNest(nest, host), `  plan: ${text}`, ...fieldsOf(choices, '    ')].join('\n');
}

/** A line for each field; records within it are indented, and what is empty is left out. */
function fieldsOf(record: object, indent: string): string[] {
  return Object.entries(record).flatMap(([name, value]) => {
    if (value === undefined || (Array.isArray(value) && value.length === 0)) return [];
    const short = shortOf(value);
    if (short !== undefined) return [`${indent}${name}: ${short}`];
    if (Array.isArray(value))
      return [
        `${indent}${name}:`,
        ...value.flatMap((item: unknown): string[] => [
          `${indent}  -`,
          ...(isRecord(item) ? fieldsOf(item, `${indent}    `) : [`${indent}    ${String(item)}`]),
        ]),
      ];
    const inside = isRecord(value) ? fieldsOf(value, `${indent}  `) : [];
    return inside.length > 0 ? [`${indent}${name}:`, ...inside] : [];
  });
}

const widest = 120;

/** What fits in a line; undefined for a record that has lines of its own. */
function shortOf(value: unknown): string | undefined {
  if (Array.isArray(value)) {
    const items = value.map(shortOf);
    const line = items.join(', ');
    return items.every((item) => item !== undefined) && line.length <= widest ? `[${line}]` : undefined;
  }
  if (!isRecord(value)) return String(value);
  if (isScalar(value)) return printValue(value);
  if (isIndex(value)) return printIndex(value);
  if (isAxis(value)) return `${value.name}:${printIndex(value.extent)}`;
  if (isBuffer(value)) return `${value.name}[${printIndex(value.length)}]`;
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  const parts = fields.map(([name, field]) => [name, shortOf(field)]);
  const line = parts.map(([name, field]) => `${name} ${field}`).join(', ');
  return parts.length > 0 && parts.every(([, field]) => field !== undefined) && line.length <= widest
    ? `{ ${line} }`
    : undefined;
}

function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function isAxis(value: object): value is Axis {
  return 'kind' in value && value.kind === 'axis';
}

function isBuffer(value: object): value is Buffer {
  return 'space' in value && 'dtype' in value;
}

function isScalar(value: object): value is Scalar {
  return 'kind' in value && 'type' in value && 'key' in value;
}
