// Which buffers statements read, and which they write.
import type { Statement } from './program.js';
import type { Buffer } from './scalar.js';
import { visitStatements } from './statements.js';

export interface BufferAccess {
  readonly reads: ReadonlySet<Buffer>;
  readonly writes: ReadonlySet<Buffer>;
  /** What is read at a point of the text before which nothing has been stored there. */
  readonly exposed: ReadonlySet<Buffer>;
}

const known = new WeakMap<readonly Statement[], BufferAccess>();

export function accessOf(statements: readonly Statement[]): BufferAccess {
  const before = known.get(statements);
  if (before) return before;
  const reads = new Set<Buffer>();
  const writes = new Set<Buffer>();
  const exposed = new Set<Buffer>();
  const read = (buffer: Buffer): void => {
    reads.add(buffer);
    if (!writes.has(buffer)) exposed.add(buffer);
  };
  visitStatements(statements, {
    statement(s) {
      if (s.kind === 'store') writes.add(s.to);
    },
    scalar(value) {
      if (value.kind === 'load') read(value.from);
    },
  });
  const access = { reads, writes, exposed };
  known.set(statements, access);
  return access;
}
