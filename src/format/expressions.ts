// The layout of expressions and types: brackets break first on the outside, rows of operators before each operator.
import { builders } from 'prettier/doc';
import { strengthOf } from '../parser/precedence.js';
import type { DimExpression, Expression, IndexItem, Scan, Statement, TypeExpression } from '../parser/tree.js';
import { Cursor, type Doc } from './cursor.js';

const { fill, group, indent, line, softline } = builders;

type Binary = Extract<Expression, { kind: 'binary' }>;
type Conditional = Extract<Expression, { kind: 'if' }>;

/** What stands in a bracket: how each item is written, and how the bracket is laid out. */
interface Enclosed {
  readonly count: number;
  readonly item: (index: number) => Doc;
  /** May the bracket break? Its items may in any case. */
  readonly breaks: boolean;
  /** Are the items operands, of which some cannot begin a line? */
  readonly operands?: boolean;
  /** The only item is a bracket itself, which breaks in the place of this one. */
  readonly hugs?: boolean;
  /** As many items on each line as fit. */
  readonly fills?: boolean;
  /** Of a bracket in which there is space: `{ a, b }`. */
  readonly spaced?: boolean;
}

export abstract class Expressions extends Cursor {
  protected abstract block(statements: readonly Statement[]): Doc;

  protected expression(node: Expression): Doc {
    // What stands before a node within its place is a parenthesis around it.
    if (this.isParenthesized(node)) {
      const item = (): Doc => this.expression(node);
      return this.enclosed({ count: 1, item, breaks: true, operands: true, hugs: isBracket(node) });
    }
    switch (node.kind) {
      case 'number':
      case 'string':
      case 'boolean':
      case 'name':
        return this.take();
      case 'list':
        return this.list(node.items);
      case 'binary':
        return node.operator === '^' ? this.tight(node.left, node.right) : this.chain(node);
      case 'range':
        return this.tight(node.from, node.to);
      case 'unary':
        return [this.take(), this.spaceBefore(node.operator === 'not' ? ' ' : ''), this.expression(node.operand)];
      case 'if':
        return this.conditional(node);
      case 'call': {
        const callee = this.expression(node.callee);
        const values = node.arguments.map(({ value }) => value);
        const item = (index: number): Doc => {
          const { name, value } = node.arguments[index];
          if (name === undefined) return this.expression(value);
          return [this.take(), this.take(' '), this.spaceBefore(' '), this.expression(value)];
        };
        const hugs = node.arguments[0]?.name === undefined && this.hugs(values);
        return [callee, this.enclosed({ count: values.length, item, breaks: true, operands: true, hugs })];
      }
      case 'index': {
        const of = this.expression(node.of);
        const item = (index: number): Doc => this.indexItem(node.items[index]);
        return [of, this.enclosed({ count: node.items.length, item, breaks: false })];
      }
      case 'scan':
        return this.scan(node);
      default:
        return node satisfies never;
    }
  }

  protected isParenthesized(node: Expression): boolean {
    return this.token.startOffset < node.span.start;
  }

  // ---- brackets --------------------------------------------------------------------------------------

  protected enclosed(what: Enclosed): Doc {
    const { count, item, breaks, operands = false, hugs = false, fills = false, spaced = false } = what;
    const open = this.take();
    if (count === 0 && !this.hasComments()) return [open, this.word()];
    const side = !breaks || hugs ? '' : spaced ? line : softline;
    const begin = count === 0 ? '' : operands ? this.spaceBefore(side) : this.space(side);
    const items: Doc[] = [];
    for (let i = 0; i < count; i++) {
      if (i > 0) items.push(operands ? this.spaceBefore(breaks ? line : ' ') : this.space(breaks ? line : ' '));
      const one = item(i);
      items.push(this.is(',') ? [one, this.take()] : one);
    }
    const { inside, after } = this.spaceInside(side);
    const content = [begin, fills ? fill(items) : items, inside];
    return group([open, hugs ? content : indent(content), after, this.word()]);
  }

  private list(items: readonly Expression[]): Doc {
    return this.enclosed({
      count: items.length,
      item: (index) => this.expression(items[index]),
      breaks: true,
      operands: true,
      hugs: this.hugs(items),
      fills: items.length > 0 && items.every(isNumber),
    });
  }

  /** A bracket around nothing but another breaks where that does. */
  private hugs([only, ...others]: readonly Expression[]): boolean {
    return only !== undefined && others.length === 0 && isBracket(only);
  }

  // ---- operators -------------------------------------------------------------------------------------

  private tight(left: Expression, right: Expression): Doc {
    return [this.expression(left), this.take(), this.spaceBefore(''), this.expression(right)];
  }

  /** Operands of operators that bind alike, each on a line of its own where they do not fit on one. */
  private chain(node: Binary): Doc {
    const operands: Expression[] = [];
    const level = strengthOf(node.operator);
    let first: Expression = node;
    // Of what stands in parentheses the span begins behind them.
    while (first.kind === 'binary' && strengthOf(first.operator) === level && first.span.start === node.span.start) {
      operands.unshift(first.right);
      first = first.left;
    }
    const parts: Doc[] = [];
    const begin = this.expression(first);
    for (const operand of operands)
      parts.push(this.space(line), this.word(), this.spaceBefore(' '), this.expression(operand));
    return group([begin, indent(parts)]);
  }

  /** Every choice of a row of them on a line of its own, where they do not fit on one. */
  private conditional(node: Conditional): Doc {
    const parts: Doc[] = [];
    let choice = node;
    for (;;) {
      const condition = [this.take(), this.spaceBefore(' '), this.expression(choice.condition)];
      const then = [this.take(line), this.spaceBefore(' '), this.expression(choice.then)];
      parts.push(group([condition, then]), this.take(line), this.spaceBefore(' '));
      if (choice.else.kind !== 'if' || this.isParenthesized(choice.else)) break;
      choice = choice.else;
    }
    return group([...parts, this.expression(choice.else)]);
  }

  // ---- the rest --------------------------------------------------------------------------------------

  private indexItem(item: IndexItem): Doc {
    switch (item.kind) {
      case 'at':
        return this.expression(item.value);
      case 'ellipsis':
        return this.take();
      case 'slice': {
        const parts: Doc[] = [];
        if (item.from !== undefined) parts.push(this.expression(item.from));
        parts.push(this.take());
        if (item.to !== undefined) parts.push(this.spaceBefore(''), this.expression(item.to));
        if (this.is(':')) parts.push(this.take());
        if (item.step !== undefined) parts.push(this.spaceBefore(''), this.expression(item.step));
        return parts;
      }
      default:
        return item satisfies never;
    }
  }

  protected scan({ sequences, along, carried, backwards, body }: Scan): Doc {
    const parts: Doc[] = [this.take()];
    const comma = (): Doc => [this.take(), this.space(line)];
    sequences.forEach(({ of }, i) => {
      if (i > 0) parts.push(comma());
      parts.push(this.take(i === 0 ? ' ' : ''), this.take(' '), this.spaceBefore(' '), this.expression(of));
    });
    if (along !== undefined) parts.push(this.take(' '), this.spaceBefore(' '), this.expression(along));
    if (backwards) parts.push(this.take(' '));
    for (const { start } of carried)
      parts.push(comma(), this.take(), this.take(' '), this.spaceBefore(' '), this.expression(start));
    return [group(indent(parts)), this.block(body)];
  }

  protected type({ element, shape }: TypeExpression): Doc {
    const parts: Doc[] = [];
    if (element !== undefined) parts.push(this.take());
    if (element?.kind === 'index') {
      const { size } = element;
      parts.push(this.enclosed({ count: 1, item: () => this.expression(size), breaks: false }));
    }
    if (shape !== undefined) {
      const item = (index: number): Doc => this.dim(shape[index]);
      parts.push(this.enclosed({ count: shape.length, item, breaks: false }));
    }
    return parts;
  }

  private dim(dim: DimExpression): Doc {
    return dim.kind === 'ellipsis' ? this.take() : this.expression(dim.value);
  }
}

function isBracket({ kind }: Expression): boolean {
  return kind === 'list' || kind === 'scan';
}

function isNumber(node: Expression): boolean {
  return node.kind === 'number' || (node.kind === 'unary' && node.operator === '-' && node.operand.kind === 'number');
}
