// Walking through statements: what they hold, and the same statements with other values.
import type { Index } from './index.js';
import type { Statement } from './program.js';
import type { Scalar } from './scalar.js';
import { elementsOf, visitScalar } from './walk.js';

/** What a statement holds, in the order of its text: values, then addresses, then statements. */
export interface StatementParts {
  readonly values: readonly Scalar[];
  readonly addresses: readonly Index[];
  readonly bodies: readonly (readonly Statement[])[];
}

const none: readonly never[] = [];

function partsOfStatement(s: Statement): StatementParts {
  switch (s.kind) {
    case 'loop':
      return { values: none, addresses: [s.from, s.to, s.last].filter((i) => i !== undefined), bodies: [s.body] };
    case 'index':
      return { values: none, addresses: [s.value], bodies: none };
    case 'let':
    case 'set':
      return { values: [s.value], addresses: none, bodies: none };
    case 'store':
      return { values: [s.value], addresses: [s.at], bodies: none };
    case 'if':
      return { values: none, addresses: s.less, bodies: [s.then, s.else] };
    case 'transpose':
    case 'barrier':
      return { values: none, addresses: none, bodies: none };
    default:
      return s satisfies never;
  }
}

/** The statement with other values in the place of those it holds, and in those within it. */
export function mapStatement(s: Statement, value: (of: Scalar) => Scalar): Statement {
  const inside = (body: readonly Statement[]): Statement[] => body.map((inner) => mapStatement(inner, value));
  switch (s.kind) {
    case 'loop':
      return { ...s, body: inside(s.body) };
    case 'let':
    case 'set':
    case 'store':
      return { ...s, value: value(s.value) };
    case 'if':
      return { ...s, then: inside(s.then), else: inside(s.else) };
    case 'index':
    case 'transpose':
    case 'barrier':
      return s;
    default:
      return s satisfies never;
  }
}

export interface StatementVisitor {
  /** Each statement, after its own values and addresses and before the statements within it. */
  statement?(s: Statement): void;
  /** Each scalar once, those in addresses among them. */
  scalar?(value: Scalar): void;
  /** The addresses of statements and of loads, the bounds of loops, and each index that is a value. */
  address?(index: Index): void;
}

/** Visits everything in the statements, in the order of their text. */
export function visitStatements(
  statements: readonly Statement[],
  visitor: StatementVisitor,
  seen: Set<string> = new Set(),
): void {
  const inScalars = visitor.scalar !== undefined || visitor.address !== undefined;
  const inScalar = (value: Scalar): void =>
    visitScalar(
      value,
      (part) => {
        visitor.scalar?.(part);
        if (part.kind === 'load') visitor.address?.(part.at);
        else if (part.kind === 'index') visitor.address?.(part.of);
      },
      seen,
    );
  for (const s of statements) {
    const { values, addresses, bodies } = partsOfStatement(s);
    if (inScalars) {
      values.forEach(inScalar);
      for (const address of addresses) {
        visitor.address?.(address);
        elementsOf(address).forEach(inScalar);
      }
    }
    visitor.statement?.(s);
    for (const body of bodies) visitStatements(body, visitor, seen);
  }
}
