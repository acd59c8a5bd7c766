// The walk over a tree: what statements and expressions hold, from the outside in.
import {
  partsOfItem,
  type Declaration,
  type Expression,
  type File,
  type Statement,
  type TypeExpression,
} from './tree.js';

/** What stands directly in an expression. */
export function partsOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'number':
    case 'string':
    case 'boolean':
    case 'name':
      return [];
    case 'list':
      return expression.items;
    case 'binary':
      return [expression.left, expression.right];
    case 'unary':
      return [expression.operand];
    case 'if':
      return [expression.condition, expression.then, expression.else];
    case 'call':
      return [expression.callee, ...expression.arguments.map(({ value }) => value)];
    case 'index':
      return [expression.of, ...expression.items.flatMap(partsOfItem)];
    case 'range':
      return [expression.from, expression.to];
    case 'scan': {
      const { sequences, along, carried, body } = expression;
      const heads = [...sequences.map(({ of }) => of), ...(along ? [along] : []), ...carried.map(({ start }) => start)];
      return [...heads, ...body.flatMap(expressionsIn)];
    }
    default:
      return expression satisfies never;
  }
}

/** What stands directly in a statement, its type first. */
export function expressionsIn(statement: Statement): readonly Expression[] {
  switch (statement.kind) {
    case 'binding':
    case 'replace':
    case 'observe':
    case 'loss':
    case 'metric':
      return [statement.value];
    case 'param':
    case 'state':
      return [...sizesIn(statement.type), statement.initial.value];
    case 'slot':
      return [statement.initial];
    case 'require':
      return [statement.condition];
    case 'return':
    case 'emit':
      return statement.values;
    case 'loop':
      return [statement.scan];
    case 'input':
      return sizesIn(statement.type);
    case 'output':
      return statement.value ? [statement.value] : [];
    case 'train':
      return statement.settings.map(({ value }) => value);
    default:
      return statement satisfies never;
  }
}

/** The sizes that a type is made of. */
export function sizesIn({ element, shape = [] }: TypeExpression): readonly Expression[] {
  const own = element?.kind === 'index' ? [element.size] : [];
  return [...own, ...shape.flatMap((dim) => (dim.kind === 'size' ? [dim.value] : []))];
}

/** The statements of a declaration's body. */
export function statementsOf(declaration: Declaration): readonly Statement[] {
  switch (declaration.kind) {
    case 'fn':
    case 'layer':
    case 'gradient':
      return declaration.body.statements;
    case 'optimizer':
    case 'model':
      return declaration.body;
    case 'import':
    case 'constant':
      return [];
    default:
      return declaration satisfies never;
  }
}

/** Sees each expression of a file after those around it, the innermost of which comes last. */
export function eachExpression(
  { declarations }: Pick<File, 'declarations'>,
  see: (expression: Expression, around: readonly Expression[]) => void,
): void {
  const around: Expression[] = [];
  const walk = (expression: Expression): void => {
    see(expression, around);
    around.push(expression);
    partsOf(expression).forEach(walk);
    around.pop();
  };
  for (const declaration of declarations) {
    if (declaration.kind === 'constant') walk(declaration.value);
    else if (declaration.kind !== 'import')
      for (const { type, default: value } of parametersOf(declaration)) {
        if (type) sizesIn(type).forEach(walk);
        if (value) walk(value);
      }
    for (const statement of statementsOf(declaration)) expressionsIn(statement).forEach(walk);
  }
}

function parametersOf(declaration: Exclude<Declaration, { kind: 'import' | 'constant' }>) {
  const configuration = 'configuration' in declaration ? (declaration.configuration ?? []) : [];
  return [...configuration, ...declaration.parameters];
}
