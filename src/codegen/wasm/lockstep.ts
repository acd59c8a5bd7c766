// Statements in lock step: which of a block are marked so, and their values operation by operation.
import type { Statement } from '../../ir/program.js';
import { isLanes, type Scalar } from '../../ir/scalar.js';
import { holdValue, knownValue, type Emission } from './emission.js';
import { emitScalar, fusedProduct } from './values.js';

/** The statements one by one, those of a list beside one another. */
export function inLockStep(body: readonly Statement[]): (readonly Statement[])[] {
  const lists: Statement[][] = [];
  for (const statement of body) {
    const beside = (statement.kind === 'let' || statement.kind === 'store') && statement.beside;
    if (beside) lists.at(-1)?.push(statement);
    else lists.push([statement]);
  }
  return lists;
}

/** Computes values of one shape, operation by operation, and keeps them and their parts for the statements that follow. */
export function emitTogether(e: Emission, values: readonly Scalar[]): void {
  const seen = new Set<string>();
  const visit = (parts: readonly Scalar[]): void => {
    const [first] = parts;
    const key = parts.map((part) => part.key).join();
    if (seen.has(key) || !isLanes(first)) return;
    seen.add(key);
    if (first.kind === 'splat' || first.kind === 'local') return;
    // One condition for all lanes decides what is computed at all.
    if (first.kind === 'apply' && (first.op !== 'select' || isLanes(first.args[0]))) {
      // A product that becomes one with its sum is no value of its own.
      const product = fusedProduct(e, first);
      first.args.forEach((arg, i) => {
        const args = parts.map((part) => (part.kind === 'apply' ? part.args[i] : part));
        if (arg !== product) return visit(args);
        product.args.forEach((_, j) => visit(args.map((a) => (a.kind === 'apply' ? a.args[j] : a))));
      });
    }
    for (const part of parts) {
      if (knownValue(e, part) !== undefined) continue;
      emitScalar(e, part);
      if (knownValue(e, part) !== undefined) e.code.op('drop');
      else holdValue(e, part);
    }
  };
  visit(values);
}
