// Statements of a kernel as TypeScript.
import type { Index } from '../../ir/index.js';
import type { Statement } from '../../ir/program.js';
import type { Buffer, Scalar } from '../../ir/scalar.js';
import type { KernelScope } from '../text/scope.js';
import { printAddress, printScalar } from './scalar.js';

/** The lines of a block, without indentation. */
export function printStatements(body: readonly Statement[], scope: KernelScope): string {
  return body.map((statement) => printStatement(statement, scope)).join('\n');
}

function printStatement(s: Statement, scope: KernelScope): string {
  const value = (v: Scalar): string => printScalar(v, scope).text;
  const index = (i: Index): string => printAddress(i, scope).text;
  switch (s.kind) {
    case 'loop': {
      const [from, to] = [s.from ? index(s.from) : '0', index(s.to)];
      const last = s.last && index(s.last);
      if (s.atLeastOnce && !s.from && !s.last && s.step === 1) {
        // Engines keep sums in registers better where the first round is certain.
        const counter = scope.bindAxis(s.axis);
        return `let ${counter} = 0;\ndo {\n${printStatements(s.body, scope.inside())}\n${counter}++;\n} while (${counter} < ${to});`;
      }
      const inner = scope.inside();
      // With overlapped tails, the axis is the counter as long as that leaves a whole tile.
      const counter = last === undefined ? inner.bindAxis(s.axis) : inner.fresh(`${s.axis.name}_next`);
      const head = last === undefined ? '' : `const ${inner.bindAxis(s.axis)} = Math.min(${counter}, ${last});\n`;
      const advance = s.step === 1 ? `${counter}++` : `${counter} += ${s.step}`;
      const block = printStatements(s.body, inner.inside());
      return `for (let ${counter} = ${from}; ${counter} < ${to}; ${advance}) {\n${head}${block}\n}`;
    }
    case 'index': {
      const text = index(s.value);
      return `const ${scope.bindAxis(s.axis)} = ${text};`;
    }
    case 'let': {
      const text = value(s.value);
      return `${s.mutable ? 'let' : 'const'} ${scope.bindLocal(s.name)} = ${text};`;
    }
    case 'set': {
      const operator = compound((v) => v.kind === 'local' && v.name === s.name, s.value);
      const name = scope.local(s.name);
      return operator ? `${name} ${operator.text} ${value(operator.by)};` : `${name} = ${value(s.value)};`;
    }
    case 'store': {
      const operator = compound((v) => isLoad(v, s.to, s.at), s.value);
      return `${scope.buffer(s.to)}[${index(s.at)}] ${operator?.text ?? '='} ${value(operator?.by ?? s.value)};`;
    }
    case 'if': {
      const [a, b] = s.less;
      const otherwise = s.else.length > 0 ? ` else {\n${printStatements(s.else, scope.inside())}\n}` : '';
      return `if (${index(a)} < ${index(b)}) {\n${printStatements(s.then, scope.inside())}\n}${otherwise}`;
    }
    case 'transpose':
    case 'barrier':
      throw new Error(`a kernel for TypeScript holds a ${s.kind}`);
    default:
      return s satisfies never;
  }
}

/** `acc = acc + x` is `acc += x`. */
function compound(isTarget: (value: Scalar) => boolean, value: Scalar): { text: string; by: Scalar } | undefined {
  if (value.kind !== 'apply' || value.type !== 'f32') return undefined;
  const [first, by] = value.args;
  if (first === undefined || !isTarget(first)) return undefined;
  if (value.op === 'add') return { text: '+=', by };
  if (value.op === 'sub') return { text: '-=', by };
  return value.op === 'mul' ? { text: '*=', by } : undefined;
}

function isLoad(value: Scalar, from: Buffer, at: Index): boolean {
  return value.kind === 'load' && value.from === from && value.at.key === at.key;
}
