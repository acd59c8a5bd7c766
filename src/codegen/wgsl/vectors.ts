// Which memory a kernel has as vectors of four numbers.
import { memoryOf, type Kernel, type Statement } from '../../ir/program.js';
import { elementType, isLanes, type Buffer, type Scalar } from '../../ir/scalar.js';

/**
 * What it stages so, and all floats or halves outside where it stores nothing but vectors there. To store one number of a vector may touch the
 * other three, which are for other threads to store; and one memory must not be bound twice.
 */
export function vectorsOf(kernel: Kernel): (buffer: Buffer) => boolean {
  const vectors = new Set<Buffer>();
  /** Memories in which single numbers are stored. */
  const numbersIn = new Set<ReturnType<typeof memoryOf>>();
  const isOutside = (b: Buffer): boolean => elementType(b) === 'f32' && b.space !== 'workgroup';
  const inValue = (value: Scalar): void => {
    if (value.kind === 'load' && value.lanes) vectors.add(value.from);
    else if (value.kind === 'apply') value.args.forEach(inValue);
    else if (value.kind === 'splat' || value.kind === 'lane') inValue(value.of);
  };
  const inStatement = (s: Statement): void => {
    if (s.kind === 'loop') s.body.forEach(inStatement);
    else if (s.kind === 'if') [...s.then, ...s.else].forEach(inStatement);
    else if (s.kind === 'let' || s.kind === 'set') inValue(s.value);
    else if (s.kind === 'store') {
      inValue(s.value);
      if (isLanes(s.value)) vectors.add(s.to);
      else if (isOutside(s.to)) numbersIn.add(memoryOf(s.to));
    }
  };
  kernel.body.forEach(inStatement);
  const outside = new Set([...vectors].filter(isOutside).map(memoryOf));
  for (const memory of numbersIn) outside.delete(memory);
  return (buffer) => (isOutside(buffer) ? outside.has(memoryOf(buffer)) : vectors.has(buffer));
}
