// Which buffers statements read, and which they write.
import type { Index } from './index.js';
import type { Statement } from './program.js';
import type { Buffer, Scalar } from './scalar.js';

export interface BufferAccess {
  readonly reads: ReadonlySet<Buffer>;
  readonly writes: ReadonlySet<Buffer>;
}

export function accessOf(statements: readonly Statement[]): BufferAccess {
  const reads = new Set<Buffer>();
  const writes = new Set<Buffer>();
  const seen = new Set<string>();
  const value = (of: Scalar): void => {
    if (seen.has(of.key)) return;
    seen.add(of.key);
    switch (of.kind) {
      case 'number':
      case 'local':
        return;
      case 'index':
        return index(of.of);
      case 'load':
        reads.add(of.from);
        return index(of.at);
      case 'apply':
        return of.args.forEach(value);
      case 'fold':
        return value(of.body);
      case 'splat':
      case 'lane':
        return value(of.of);
      default:
        return of satisfies never;
    }
  };
  const index = ({ terms }: Index): void => {
    for (const { atoms } of terms)
      for (const part of atoms) {
        if (part.kind === 'element') value(part.of);
        else if (part.kind === 'quotient') {
          index(part.of);
          index(part.by);
        }
      }
  };
  const inStatement = (s: Statement): void => {
    switch (s.kind) {
      case 'loop':
        for (const bound of [s.from, s.to, s.last]) if (bound) index(bound);
        return s.body.forEach(inStatement);
      case 'index':
        return index(s.value);
      case 'let':
      case 'set':
        return value(s.value);
      case 'store':
        value(s.value);
        index(s.at);
        if (s.add) reads.add(s.to);
        writes.add(s.to);
        return;
      case 'if':
        s.less.forEach(index);
        return [...s.then, ...s.else].forEach(inStatement);
      case 'transpose':
      case 'barrier':
        return;
      default:
        return s satisfies never;
    }
  };
  statements.forEach(inStatement);
  return { reads, writes };
}
