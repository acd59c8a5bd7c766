// The layout of rows of items: declarations of a file, statements of a body, settings of a train block.
import { builders, printer } from 'prettier/doc';
import type {
  Body,
  Declaration,
  Definition,
  Expression,
  Parameter,
  Setting,
  Statement,
  TypeExpression,
} from '../parser/tree.js';
import type { Doc } from './cursor.js';
import { Expressions } from './expressions.js';

const { group, hardline, ifBreak, indent, line } = builders;

type Item = Declaration | Statement | Setting;

/** An item of a row. With a tail it is one whose sign, at which the tail begins, may be aligned with those of its neighbours. */
interface Written {
  readonly head: Doc;
  readonly tail?: Doc;
}

export class Statements extends Expressions {
  /** All of a file. */
  file(declarations: readonly Declaration[]): Doc {
    const rows = this.rows(declarations, (each) => ({ head: this.declaration(each) }), hardline);
    if (this.token.image !== '') throw new Error(`lost before ${this.token.startOffset}`);
    const isEmpty = declarations.length === 0 && rows.length === 0;
    return isEmpty ? '' : [rows, hardline];
  }

  // ---- rows ------------------------------------------------------------------------------------------

  protected block(statements: readonly Statement[]): Doc {
    return this.braced(statements, (each) => this.statement(each));
  }

  /** Items stay on the line of their braces where they are there, and fit. Of several only settings with commas do. */
  private braced<Each extends Item>(items: readonly Each[], write: (item: Each) => Written): Doc {
    const open = this.take(' ');
    const above = this.beginsLine();
    if (items.length === 0 && !this.hasComments()) return [open, this.word()];
    const rows = this.rows(items, write, line);
    const content = [open, indent(rows), line, this.word()];
    return group(content, { shouldBreak: above || this.needLines(items) });
  }

  /** Are there items with no comma between them? */
  private needLines(items: readonly Item[]): boolean {
    return items.some(({ span: { start } }, i) => i > 0 && this.imageBefore(start) !== ',');
  }

  private rows<Each extends Item>(items: readonly Each[], write: (item: Each) => Written, separator: Doc): Doc[] {
    const parts: Doc[] = [];
    let run: { readonly at: number; readonly width: number }[] = [];
    const align = (): void => {
      const widest = Math.max(...run.map(({ width }) => width));
      for (const { at, width } of run) parts[at] = ifBreak(' '.repeat(widest - width), '');
      run = [];
    };
    items.forEach((item, i) => {
      if (!this.isNextTo(items[i - 1], item)) align();
      const before = this.between(i === 0, separator);
      if (this.token.startOffset !== item.span.start) throw new Error(`lost before ${item.span.start}`);
      const { head, tail } = write(item);
      const width = tail === undefined ? undefined : widthOf(head);
      if (width === undefined) align();
      else run.push({ at: parts.length + 2, width });
      parts.push(before, head, '', tail ?? '');
      if (this.is(',')) parts.push(this.take());
    });
    align();
    const last = this.between(items.length === 0, separator);
    return hasText(last) ? [...parts, last] : parts;
  }

  private isNextTo(before: Item | undefined, item: Item): boolean {
    return before !== undefined && this.areNeighbours(before.span.start, item.span.start);
  }

  // ---- declarations ----------------------------------------------------------------------------------

  private declaration(node: Declaration): Doc {
    switch (node.kind) {
      case 'import': {
        const count = node.names.length;
        const names = [this.take(), this.space(' ')];
        names.push(this.enclosed({ count, item: () => this.take(), breaks: true, spaced: true }));
        return [names, this.take(' '), this.take(' ')];
      }
      case 'fn':
      case 'layer':
        return this.definition(node);
      case 'gradient':
        return [this.head(2), this.parameters(node.parameters), this.body(node.body)];
      case 'optimizer':
      case 'model': {
        const head = [this.head(2)];
        if (this.is('(')) head.push(this.parameters(node.parameters));
        return [head, this.block(node.body)];
      }
      case 'constant':
        return [this.head(1), this.assigned(node.value)];
      default:
        return node satisfies never;
    }
  }

  private definition({ configuration, parameters, result, body }: Definition): Doc {
    const parts = [this.head(2)];
    if (configuration !== undefined) parts.push(this.parameters(configuration));
    parts.push(this.parameters(parameters));
    if (result !== undefined) parts.push(this.take(' '), this.space(' '), this.types(result));
    return [parts, this.body(body)];
  }

  private types(types: readonly TypeExpression[]): Doc {
    return types.map((type, i) => (i === 0 ? this.type(type) : [this.take(), this.space(' '), this.type(type)]));
  }

  private parameters(parameters: readonly Parameter[]): Doc {
    const item = (index: number): Doc => this.parameter(parameters[index]);
    return this.enclosed({ count: parameters.length, item, breaks: true });
  }

  private parameter({ type, default: value }: Parameter): Doc {
    const parts = [this.take()];
    if (type !== undefined) parts.push(this.take(), this.space(' '), this.type(type));
    if (value !== undefined) parts.push(this.take(' '), this.spaceBefore(' '), this.expression(value));
    return parts;
  }

  private body({ statements }: Body): Doc {
    const [first] = statements;
    if (this.is('{') || first?.kind !== 'return') return this.block(statements);
    const [value, ...others] = first.values;
    const sign = this.take(' ');
    const opens = value.kind === 'list' || value.kind === 'scan';
    if (opens && others.length === 0) return [sign, this.spaceBefore(' '), this.expression(value)];
    return group([sign, indent([this.spaceBefore(line), this.values(first.values)])]);
  }

  // ---- statements ------------------------------------------------------------------------------------

  private statement(node: Statement): Written {
    switch (node.kind) {
      case 'param': {
        const head = [this.head(node.frozen ? 3 : 2), this.typed(node.type)];
        const tail = this.assigned(node.initial.value);
        return node.initial.kind === 'value' ? { head, tail } : { head: [head, tail] };
      }
      case 'state':
        return { head: [this.head(2), this.typed(node.type), this.assigned(node.initial.value)] };
      case 'input':
        return { head: [this.head(2), this.typed(node.type)] };
      case 'binding':
        return { head: [this.head(2 * node.names.length - 1), this.assigned(node.value)] };
      case 'slot':
        return { head: [this.head(2), this.assigned(node.initial)] };
      case 'replace':
        return { head: [this.head(1), this.assigned(node.value)] };
      case 'observe':
      case 'metric':
        return { head: [this.head(2), this.assigned(node.value)] };
      case 'loss':
        return { head: [this.head(node.name === undefined ? 1 : 2), this.assigned(node.value)] };
      case 'output': {
        const head = this.head(2);
        return { head: node.value === undefined ? head : [head, this.assigned(node.value)] };
      }
      case 'require': {
        const condition = [this.take(), this.spaceBefore(' '), this.expression(node.condition)];
        return { head: group([condition, this.take(), indent(this.take(line))]) };
      }
      case 'return':
      case 'emit':
        return { head: [this.take(), this.spaceBefore(' '), this.given(node.values)] };
      case 'loop':
        return { head: this.scan(node.scan) };
      case 'train': {
        const head = this.head(node.name === undefined ? 1 : 2);
        return { head: [head, this.braced(node.settings, (each) => this.setting(each))] };
      }
      default:
        return node satisfies never;
    }
  }

  private setting({ patterns, value }: Setting): Written {
    if (patterns === undefined) return { head: this.head(1), tail: this.assigned(value) };
    return { head: [this.head(2 * patterns.length), this.assigned(value)] };
  }

  private typed(type: TypeExpression): Doc {
    return [this.take(), this.space(' '), this.type(type)];
  }

  /** Values on the line of the word that they follow. */
  private given(nodes: readonly Expression[]): Doc {
    const chooses = nodes[0].kind === 'if' && !this.isParenthesized(nodes[0]);
    const [first, ...rest] = this.values(nodes);
    return group([chooses ? indent(first) : first, indent(rest)]);
  }

  private values([first, ...others]: readonly Expression[]): Doc[] {
    const values = [this.expression(first)];
    for (const value of others) values.push([this.take(), this.spaceBefore(line), this.expression(value)]);
    return values;
  }

  /** A sign and a value. A choice that does not fit goes to a line of its own. */
  private assigned(value: Expression): Doc {
    const sign = this.take(' ');
    const chooses = value.kind === 'if' && !this.isParenthesized(value);
    const below = chooses || this.hasComments();
    const content = [this.spaceBefore(chooses ? line : ' '), this.expression(value)];
    return below ? group([sign, indent(content)]) : [sign, content];
  }
}

/** How many columns it takes on one line; undefined where it does not stand on one: the block of a scan may not. */
function widthOf(doc: Doc): number | undefined {
  const { formatted } = printer.printDocToString(doc, { printWidth: Infinity, tabWidth: 2 });
  if (/[\n{]/.test(formatted)) return undefined;
  return [...formatted.replace(/\p{M}/gu, '')].reduce((sum, sign) => sum + (wide.test(sign) ? 2 : 1), 0);
}

/** Letters that take two columns. */
const wide = /[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Hangul}]/u;

function hasText(doc: Doc): boolean {
  return !Array.isArray(doc) || doc.some(hasText);
}
