// A small printer in ts-morph's place: a module's declarations as the same text, which Prettier lays out where somebody reads it.
import type { Definition, Parameter, Property, Writer } from './definition.js';
import { format } from './document.js';
import { docText } from './quote.js';

/** As ts-morph puts them one below the other: a blank line between any two, but for texts. */
const print: Writer['print'] = (definitions) => {
  const printed = definitions.map((definition, i) => {
    const isText = definition.kind === 'text' && definitions[i - 1]?.kind === 'text';
    return `${i === 0 ? '' : isText ? '\n' : '\n\n'}${textOf(definition)}`;
  });
  return Promise.resolve(printed.join(''));
};

/** What `nnc compile` writes, to the letter. Prettier is loaded when it is first used. */
export const forReaders: Writer = { print, format, packs: true };

/** The same module as it comes, for who runs it and does not read it. */
export const asItComes: Writer = { print, format: (code) => Promise.resolve(code), packs: false };

function textOf(definition: Definition): string {
  switch (definition.kind) {
    case 'function': {
      const { name, comment, doc, exported, async, parameters, returns, body } = definition;
      const head = `${exported ? 'export ' : ''}${async ? 'async ' : ''}function ${name}`;
      const declared = `${head}(${parameters.map(parameterOf).join(', ')}): ${returns} {\n${body}\n}`;
      return `${comment === undefined ? '' : `${comment}\n`}${docOf(doc)}${declared}`;
    }
    case 'interface': {
      const { name, doc, exported, properties } = definition;
      return `${docOf(doc)}${exported ? 'export ' : ''}interface ${name} {\n${properties.map(propertyOf).join('\n')}\n}`;
    }
    case 'text':
      return definition.text;
    default:
      return definition satisfies never;
  }
}

function parameterOf({ name, type, default: value }: Parameter): string {
  return value === undefined ? `${name}: ${type}` : `${name}: ${type} = ${value}`;
}

function propertyOf({ name, type, doc, optional }: Property): string {
  return `${docOf(doc)}${name}${optional ? '?' : ''}: ${type};`;
}

function docOf(doc: string | undefined): string {
  if (doc === undefined) return '';
  const lines = docText(doc).split('\n');
  return lines.length === 1
    ? `/** ${lines[0]} */\n`
    : `/**\n${lines.map((line) => ` * ${line}`.trimEnd()).join('\n')}\n */\n`;
}
