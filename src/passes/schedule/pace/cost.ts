// What is costly for each vector that it stores: long chains, of which a processor must see several at once.
import type { Statement } from '../../../ir/program.js';
import type { Scalar } from '../../../ir/scalar.js';

/** Operations a vector, from which they are chains. */
const costly = 12;
/** Registers hold so many vectors at once with what they need. */
export const together = 4;

/** Do the statements take many operations for each of so many vectors? */
export function isCostly(body: readonly Statement[], vectors: number): boolean {
  return operationsOf(body) >= costly * vectors;
}

function operationsOf(body: readonly Statement[]): number {
  let operations = 0;
  const seen = new Set<string>();
  const count = (value: Scalar): void => {
    if (seen.has(value.key)) return;
    seen.add(value.key);
    if (value.kind === 'apply') {
      operations++;
      value.args.forEach(count);
    } else if (value.kind === 'splat' || value.kind === 'lane') count(value.of);
  };
  for (const statement of body) if (statement.kind === 'store' || statement.kind === 'let') count(statement.value);
  return operations;
}
