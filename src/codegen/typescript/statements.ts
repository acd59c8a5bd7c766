// Statements of a kernel as TypeScript, with one scope of names for everything the kernel mentions.
import type { Axis, Index } from '../../ir/index.js';
import type { Statement } from '../../ir/program.js';
import type { Buffer, Scalar } from '../../ir/scalar.js';
import type { Scope } from '../text/names.js';
import { printAddress, printScalar, type KernelNames } from './scalar.js';

/** The names that are visible in one block. */
export class KernelScope implements KernelNames {
  private readonly names = new Map<Axis | Buffer | string, string>();

  constructor(
    private readonly scope: Scope,
    private readonly outer?: KernelScope,
  ) {}

  inside(): KernelScope {
    return new KernelScope(this.scope.inside(), this);
  }

  bindSize(name: string): string {
    return this.bind(`size ${name}`, name);
  }

  bindBuffer(buffer: Buffer): string {
    return this.bind(buffer, buffer.name);
  }

  /** An axis over the batch is called b, beside the size. */
  bindAxis(axis: Axis): string {
    return this.bind(axis, axis.name, [...axis.name][0].toLowerCase());
  }

  bindLocal(name: string): string {
    return this.bind(`local ${name}`, name);
  }

  /** A name for something that only the printer knows of. */
  fresh(name: string): string {
    return this.scope.take(name);
  }

  size(name: string): string {
    return this.find(`size ${name}`, name);
  }

  buffer(buffer: Buffer): string {
    return this.find(buffer, buffer.name);
  }

  axis(axis: Axis): string {
    return this.find(axis, axis.name);
  }

  local(name: string): string {
    return this.find(`local ${name}`, name);
  }

  private bind(what: Axis | Buffer | string, ...wanted: readonly [string, ...string[]]): string {
    const name = this.scope.take(...wanted);
    this.names.set(what, name);
    return name;
  }

  private find(what: Axis | Buffer | string, name: string): string {
    const found = this.names.get(what) ?? this.outer?.find(what, name);
    if (found === undefined) throw new Error(`${name} is not bound in its kernel`);
    return found;
  }
}

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
      const operator = s.add ? { text: '+=', by: s.value } : compound((v) => isLoad(v, s.to, s.at), s.value);
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
