// Which buffers statements read, and which they write.
import type { Statement } from './program.js';
import type { Buffer } from './scalar.js';
import { visitStatements } from './statements.js';

export interface BufferAccess {
  readonly reads: ReadonlySet<Buffer>;
  readonly writes: ReadonlySet<Buffer>;
}

export function accessOf(statements: readonly Statement[]): BufferAccess {
  const reads = new Set<Buffer>();
  const writes = new Set<Buffer>();
  visitStatements(statements, {
    statement(s) {
      if (s.kind !== 'store') return;
      if (s.add) reads.add(s.to);
      writes.add(s.to);
    },
    scalar(value) {
      if (value.kind === 'load') reads.add(value.from);
    },
  });
  return { reads, writes };
}

const known = new WeakMap<readonly Statement[], ReadonlySet<Buffer>>();

/** The buffers that statements read at a point of their text before which they have stored nothing there. */
export function exposedReads(statements: readonly Statement[]): ReadonlySet<Buffer> {
  const before = known.get(statements);
  if (before) return before;
  const exposed = new Set<Buffer>();
  const written = new Set<Buffer>();
  visitStatements(statements, {
    statement(s) {
      if (s.kind !== 'store') return;
      if (s.add && !written.has(s.to)) exposed.add(s.to);
      written.add(s.to);
    },
    scalar(value) {
      if (value.kind === 'load' && !written.has(value.from)) exposed.add(value.from);
    },
  });
  known.set(statements, exposed);
  return exposed;
}
