// A kernel as JavaScript text, for tests that read what lower wrote and for measuring it.
import type { Index } from '../../src/ir/index.js';
import { printIndex } from '../../src/ir/index.js';
import type { Kernel, Statement } from '../../src/ir/program.js';
import type { Scalar } from '../../src/ir/scalar.js';

export function printKernel(kernel: Kernel): string {
  return `// ${kernel.plan}\n${kernel.body.map((s) => printStatement(s, '')).join('')}`;
}

function printStatement(s: Statement, indent: string): string {
  const block = (body: readonly Statement[]): string => body.map((x) => printStatement(x, `${indent}  `)).join('');
  switch (s.kind) {
    case 'loop': {
      const counter = s.last ? `${s.axis.name}_` : s.axis.name;
      const last = s.last ? `${indent}  const ${s.axis.name} = Math.min(${counter}, ${address(s.last)});\n` : '';
      const step = s.step === 1 ? `${counter}++` : `${counter} += ${s.step}`;
      const from = s.from ? address(s.from) : '0';
      return `${indent}for (let ${counter} = ${from}; ${counter} < ${address(s.to)}; ${step}) {\n${last}${block(s.body)}${indent}}\n`;
    }
    case 'index':
      return `${indent}const ${s.axis.name} = ${address(s.value)};\n`;
    case 'let':
      return `${indent}${s.mutable ? 'let' : 'const'} ${s.name} = ${print(s.value)};\n`;
    case 'set':
      return `${indent}${s.name} = ${print(s.value)};\n`;
    case 'store':
      return `${indent}${s.to.name}[${address(s.at)}] = ${print(s.value)};\n`;
    case 'if': {
      const otherwise = s.else.length > 0 ? ` else {\n${block(s.else)}${indent}}` : '';
      return `${indent}if (${address(s.less[0])} < ${address(s.less[1])}) {\n${block(s.then)}${indent}}${otherwise}\n`;
    }
    case 'transpose':
      return `${indent}transpose(${s.names.join(', ')});\n`;
    case 'barrier':
      return `${indent}${s.total ? `total(${s.total.op}, ${s.total.name})` : 'barrier()'};\n`;
    default:
      return s satisfies never;
  }
}

function address(index: Index): string {
  const text = printIndex(index);
  const elements = new Map<string, Scalar>();
  const visit = (i: Index): void => {
    for (const t of i.terms)
      for (const a of t.atoms) {
        if (a.kind === 'element') elements.set(`[${a.of.key}]`, a.of);
        if (a.kind === 'quotient') {
          visit(a.of);
          visit(a.by);
        }
      }
  };
  visit(index);
  let result = text;
  for (const [key, value] of elements) result = result.replaceAll(key, print(value));
  return result.replaceAll(/\bfloor\(/g, 'Math.floor(');
}

const infix: Record<string, string> = {
  add: '+',
  sub: '-',
  mul: '*',
  div: '/',
  lt: '<',
  le: '<=',
  eq: '===',
  and: '&&',
  or: '||',
};

function print(value: Scalar): string {
  switch (value.kind) {
    case 'number':
      return `${value.value}`;
    case 'index':
      return `(${address(value.of)})`;
    case 'load':
      return `${value.from.name}[${address(value.at)}${value.lanes ? ' …4' : ''}]`;
    case 'apply': {
      const args = value.args.map(print);
      if (infix[value.op]) return `(${args.join(` ${infix[value.op]} `)})`;
      if (value.op === 'select') return `(${args[0]} ? ${args[1]} : ${args[2]})`;
      if (value.op === 'f32') return args[0];
      return `Math.${value.op}(${args.join(', ')})`;
    }
    case 'fold':
      return `${value.op}{${value.over.map((a) => a.name).join(', ')}}(${print(value.body)})`;
    case 'local':
      return value.name;
    case 'splat':
      return `splat(${print(value.of)})`;
    case 'lane':
      return `lane${value.at}(${print(value.of)})`;
    default:
      return value satisfies never;
  }
}
