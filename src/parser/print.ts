// Expressions back as source on one line, with no more parentheses than needed.
import type {
  Argument,
  DimExpression,
  Expression,
  IndexItem,
  Scan,
  Started,
  Statement,
  TypeExpression,
} from './tree.js';
import { strength, strengthOf } from './precedence.js';
import { escape } from './strings.js';

/** Source that parses to the same expression. */
export function print(expression: Expression): string {
  switch (expression.kind) {
    case 'number':
      return printNumber(expression.value);
    case 'string':
      return escape(expression.value);
    case 'boolean':
      return String(expression.value);
    case 'name':
      return expression.name;
    case 'list':
      return `[${expression.items.map(print).join(', ')}]`;
    case 'binary': {
      const own = strengthOf(expression.operator);
      const right = expression.operator === '^';
      const alone = own === strength.comparison;
      const left = operand(expression.left, right || alone ? own + 1 : own, 'left');
      const sign = right ? '^' : ` ${expression.operator} `;
      return `${left}${sign}${operand(expression.right, right ? own : own + 1, 'right')}`;
    }
    case 'unary': {
      const own = expression.operator === 'not' ? strength.not : strength.negation;
      return `${expression.operator === 'not' ? 'not ' : '-'}${operand(expression.operand, own, 'right')}`;
    }
    case 'if':
      return `if ${print(expression.condition)} then ${print(expression.then)} else ${print(expression.else)}`;
    case 'call':
      return `${operand(expression.callee, strength.atom, 'left')}(${expression.arguments.map(printArgument).join(', ')})`;
    case 'index':
      return `${operand(expression.of, strength.atom, 'left')}[${expression.items.map(printItem).join(', ')}]`;
    case 'range':
      return `${operand(expression.from, strength.range + 1, 'left')}..${operand(expression.to, strength.range + 1, 'right')}`;
    case 'scan':
      return printScan(expression);
    default:
      return expression satisfies never;
  }
}

/** An operand, in parentheses where it binds less tightly than its place asks. */
function operand(expression: Expression, atLeast: number, side: 'left' | 'right'): string {
  // A minus may follow ^: it takes all of the power to its right.
  const minusInPower =
    side === 'right' && expression.kind === 'unary' && expression.operator === '-' && atLeast === strength.power;
  const text = print(expression);
  return tightness(expression) >= atLeast || minusInPower ? text : `(${text})`;
}

function tightness(expression: Expression): number {
  switch (expression.kind) {
    case 'binary':
      return strengthOf(expression.operator);
    case 'unary':
      return expression.operator === 'not' ? strength.not : strength.negation;
    case 'range':
      return strength.range;
    case 'if':
      return -1;
    case 'number':
      return expression.value < 0 ? strength.negation : strength.atom;
    case 'string':
    case 'boolean':
    case 'name':
    case 'list':
    case 'call':
    case 'index':
    case 'scan':
      return strength.atom;
    default:
      return expression satisfies never;
  }
}

function printNumber(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? '1e999' : '-1e999';
  return String(value);
}

function printArgument({ name, value }: Argument): string {
  return name === undefined ? print(value) : `${name.name} = ${print(value)}`;
}

function printItem(item: IndexItem): string {
  switch (item.kind) {
    case 'at':
      return print(item.value);
    case 'ellipsis':
      return '...';
    case 'slice': {
      const bounds = `${item.from === undefined ? '' : print(item.from)}:${item.to === undefined ? '' : print(item.to)}`;
      return item.step === undefined ? bounds : `${bounds}:${print(item.step)}`;
    }
    default:
      return item satisfies never;
  }
}

function printScan(scan: Scan): string {
  const sequences = scan.sequences.map(({ name, of }) => `${name.name} in ${print(of)}`).join(', ');
  const along = scan.along === undefined ? '' : ` along ${print(scan.along)}`;
  const carried = scan.carried.map(({ name, start }) => `, ${name.name} = ${print(start)}`).join('');
  const body = scan.body.map(printStatement).join(' ');
  return `scan ${sequences}${along}${scan.backwards ? ' backwards' : ''}${carried} { ${body} }`;
}

function printStarted({ kind, value }: Started): string {
  return `${kind === 'draw' ? '~' : '='} ${print(value)}`;
}

/** A statement on one line. */
export function printStatement(statement: Statement): string {
  switch (statement.kind) {
    case 'binding':
      return `${statement.names.map(({ name }) => name).join(', ')} = ${print(statement.value)}`;
    case 'param': {
      const { frozen, name, type, initial } = statement;
      return `${frozen ? 'frozen ' : ''}param ${name.name}: ${printType(type)} ${printStarted(initial)}`;
    }
    case 'state':
      return `state ${statement.name.name}: ${printType(statement.type)} ${printStarted(statement.initial)}`;
    case 'slot':
      return `slot ${statement.name.name} = ${print(statement.initial)}`;
    case 'replace':
      return `${statement.name.name} := ${print(statement.value)}`;
    case 'observe':
      return `observe ${statement.name.name} := ${print(statement.value)}`;
    case 'require':
      return `require ${print(statement.condition)}, ${escape(statement.text.value)}`;
    case 'return':
      return `return ${statement.values.map(print).join(', ')}`;
    case 'emit':
      return `emit ${statement.values.map(print).join(', ')}`;
    case 'loop':
      return print(statement.scan);
    case 'input':
      return `input ${statement.name.name}: ${printType(statement.type)}`;
    case 'output':
      return `output ${statement.name.name}${statement.value === undefined ? '' : ` = ${print(statement.value)}`}`;
    case 'loss':
      return `loss ${statement.name === undefined ? '' : `${statement.name.name} `}= ${print(statement.value)}`;
    case 'metric':
      return `metric ${statement.name.name} = ${print(statement.value)}`;
    case 'train': {
      const settings = statement.settings.map(
        ({ name, patterns = [], value }) =>
          `${[name.name, patterns.map((p) => escape(p.value)).join(', ')].join(' ').trim()} = ${print(value)}`,
      );
      return `train ${statement.name === undefined ? '' : `${statement.name.name} `}{ ${settings.join(', ')} }`;
    }
    default:
      return statement satisfies never;
  }
}

/** `index(10)[batch]` */
export function printType({ element, shape }: TypeExpression): string {
  const kind = element === undefined ? '' : element.kind === 'index' ? `index(${print(element.size)})` : element.kind;
  return kind + (shape === undefined ? '' : `[${shape.map(printDim).join(', ')}]`);
}

function printDim(dim: DimExpression): string {
  return dim.kind === 'ellipsis' ? '...' : print(dim.value);
}
