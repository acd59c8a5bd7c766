// Statements that have Prettier's form but for their indentation: most of a module, and Prettier need not read them.

/** Text without its plain statements, and what puts them back. */
export interface Apart {
  /** With one statement in place of every run of plain ones. */
  readonly code: string;
  /** Puts them back, indented as what stands for them; undefined where a line got too wide, so that Prettier has to break it. */
  restore(formatted: string): string | undefined;
}

/** A line, or a block: from a line that ends with a brace to the one that closes it. */
type Item = string | Block;

interface Block {
  /** Each from a line that opens it; all but the first begin with the brace that closes the one before, as an else does. */
  readonly parts: readonly { readonly opener: string; readonly items: readonly Item[] }[];
  /** Absent at the end of the text. */
  readonly closer: string | undefined;
}

const width = 80;
const indentation = '  ';

/** Takes the plain statements out of TypeScript that has a statement a line, indented or not. */
export function withoutPlain(code: string, standIn: string): Apart {
  const runs: (readonly string[])[] = [];
  return {
    code: reduced(itemsOf(code), 0, (run) => `${standIn}${runs.push(run) - 1};`).join('\n'),
    restore(formatted) {
      let tooWide = false;
      const indented = (line: string, indent: string): string => {
        tooWide ||= !line.trimStart().startsWith('//') && indent.length + line.length > width;
        return line === '' ? line : indent + line;
      };
      const restored = formatted.replace(
        new RegExp(`^( *)${standIn}(\\d+);$`, 'gm'),
        (_, indent: string, run: string) => runs[Number(run)].map((line) => indented(line, indent)).join('\n'),
      );
      return tooWide ? undefined : restored;
    },
  };
}

/** The parts of a text between blank lines that are in no bracket, template or comment: declarations, as they stand. */
export function declarationsIn(code: string): string[] {
  const found: string[] = [];
  let depth = 0;
  let start = 0;
  for (const { 0: token, index } of code.matchAll(landmarks)) {
    if (token.length === 1 && '([{'.includes(token)) depth++;
    else if (token.length === 1 && ')]}'.includes(token)) depth--;
    else if (depth === 0 && token.startsWith('\n')) {
      found.push(code.slice(start, index));
      start = index;
    }
  }
  found.push(code.slice(start));
  return found.filter((part) => part.trim() !== '');
}

/** The lines of items in blocks `depth` deep, with a statement for each run of plain ones. */
function reduced(items: readonly Item[], depth: number, standInFor: (run: readonly string[]) => string): string[] {
  const lines: string[] = [];
  let run: string[] = [];
  const endRun = (): void => {
    const end = run.at(-1) === '' ? -1 : run.length;
    // A comment may also stand where no statement may.
    if (run.every((line) => line === '' || line.startsWith('//'))) lines.push(...run);
    else lines.push(standInFor(run.slice(0, end)), ...run.slice(end));
    run = [];
  };
  for (const item of items) {
    const follows = run.length > 0 ? run.at(-1) !== '' : endsStatement(lines.at(-1));
    const plain =
      item === '' && run.length > 0 && follows ? [''] : follows || run.length > 0 ? plainLines(item, depth) : undefined;
    if (plain) {
      run.push(...plain);
      continue;
    }
    endRun();
    if (typeof item === 'string') lines.push(item);
    else {
      for (const part of item.parts) lines.push(part.opener, ...reduced(part.items, depth + 1, standInFor));
      if (item.closer !== undefined) lines.push(item.closer);
    }
  }
  endRun();
  return lines;
}

/** Can a statement begin on the next line? */
function endsStatement(line: string | undefined): boolean {
  return line === undefined || line === '' || /[;{}]$|^\/\//.test(line);
}

/** An item's lines, indented from the block that it is in, as Prettier writes them; undefined where that is for Prettier to say. */
function plainLines(item: Item, depth: number): string[] | undefined {
  const room = width - depth * indentation.length;
  if (typeof item === 'string')
    return comment.test(item) ? [item] : statement.test(item) ? plainStatement(item, room) : undefined;
  if (item.closer !== '}') return undefined;
  const lines: string[] = [];
  for (const { opener, items } of item.parts) {
    const opened = plainOpener(opener, room);
    if (!opened || items.length === 0 || items[0] === '' || items.at(-1) === '') return undefined;
    lines.push(...opened);
    for (const [i, inner] of items.entries()) {
      const plain = inner === '' && items[i - 1] !== '' ? [''] : plainLines(inner, depth + 1);
      if (!plain) return undefined;
      lines.push(...plain.map((line) => (line === '' ? '' : indentation + line)));
    }
  }
  return [...lines, item.closer];
}

/** On one line, or broken where Prettier breaks it: behind what a sum or a choice is assigned to, or between the arguments of a call. */
function plainStatement(line: string, room: number): string[] | undefined {
  if (!isSpaced(line)) return undefined;
  if (line.length <= room) return [line];
  const [, target, value] = assigned.exec(line) ?? ['', '', line];
  if (target !== '' && breaksBefore(value))
    return indentation.length + value.length <= room ? [target.trimEnd(), indentation + value] : undefined;
  const start = /^(?:new )?[\w$.]+\(/.exec(value)?.[0];
  if (start === undefined || !value.endsWith(');')) return undefined;
  const values = argumentsOf(value.slice(start.length, -2));
  // A list that is the last of them may stay on the line of the call.
  if (!values?.every((each) => indentation.length + each.length + 1 <= room && !each.startsWith('['))) return undefined;
  return [target + start, ...values.map((each) => `${indentation}${each},`), ');'];
}

const assigned = /^((?:(?:const|let) )?[\w$.]+(?:\[[^\]]*\])? [-+*]?= )(.*;)$/;

/** What stands between operands that are in no brackets. */
function outermost(text: string): string[] {
  const found: string[] = [];
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '(' || c === '[') depth++;
    else if (c === ')' || c === ']') depth--;
    else if (depth === 0 && c === ' ') found.push(/^ (\S+) |^/.exec(text.slice(i))?.[1] ?? '');
  }
  return found.filter((operator) => /^[^\w$([]/.test(operator));
}

/** Does a value that is too long for its line begin on the next one? Sums and products do, and choices by a comparison. */
function breaksBefore(value: string): boolean {
  const operators = outermost(value);
  const choice = operators.indexOf('?');
  if (choice < 0) return operators.length > 0 && operators.every((operator) => '+-*/'.includes(operator));
  return choice === 1 && /^[<>=!]/.test(operators[0]) && operators.lastIndexOf('?') === 1;
}

/** The arguments of a call, undefined where there are none or the brackets are of more than one. */
function argumentsOf(text: string): string[] | undefined {
  const found = [''];
  let depth = 0;
  for (const c of text) {
    if (c === '(' || c === '[') depth++;
    else if (c === ')' || c === ']') depth--;
    if (depth < 0) return undefined;
    if (c === ',' && depth === 0) found.push('');
    else found[found.length - 1] += c;
  }
  return text === '' ? undefined : found.map((each) => each.trim());
}

function plainOpener(line: string, room: number): string[] | undefined {
  const header = /^((?:export )?(?:async )?function [\w$]+\()([^()={}<]*)(\): \w+ \{)$/.exec(line);
  if (header) {
    if (line.length <= room) return [line];
    const [, start, parameters, end] = header;
    return [start, ...parameters.split(', ').map((parameter) => `${indentation}${parameter},`), end];
  }
  return blockOpener.test(line) && isSpaced(line) && line.length <= room ? [line] : undefined;
}

/** Is the line as Prettier writes it where it has room? Parentheses are taken to be those that are needed. */
function isSpaced(line: string): boolean {
  return spaced.test(line) && !line.includes(').') && !mixesQuotients(line);
}

/** Are there a product and a quotient in one term? Prettier puts parentheses into it. */
function mixesQuotients(line: string): boolean {
  if (!line.includes(' / ')) return false;
  const terms = [''];
  for (let i = 0; i < line.length; i++) {
    const c = line[i];
    if (c === '(' || c === '[') terms.push('');
    else if (c === ')' || c === ']') terms.pop();
    else if (line[i - 1] === ' ' && line[i + 1] === ' ' && !/[\w$]/.test(c)) {
      const last = terms.length - 1;
      if (c !== '*' && c !== '/') terms[last] = '';
      else if (terms[last] !== '' && terms[last] !== c) return true;
      else terms[last] = c;
    } else if (c === ',' || c === ';') terms[terms.length - 1] = '';
  }
  return false;
}

const comment = /^\/\/.*\S$/;
const statement =
  /^(?:if \([^{}]+\) (?=return|throw|break|continue))?(?:(?:const|let) (?:[\w$]+|\{ [\w$, ]+ \})(?: = .+)?|[\w$.]+(?:\[.+\])*(?: [-+*]?= .+|\(.*\)|\+\+)|(?:return|throw) .+|return|break|continue);$/;
const blockOpener = /^(?:for \(let [\w$]+ = .+; .+; .+\)|if \(.+\)|\} else|\} else if \(.+\)) \{$/;
/** One space on both sides of what stands between two operands, and none elsewhere. */
const spaced =
  /^(?:[\w$.()[\]]|"[^"\\]*"|(?<=^const )\{ [\w$, ]+ \}|(?<=[([ ])[-!](?=[\w$(])|(?<=\de)[-+](?=\d)|\+\+(?=[;)])|[,;] (?=\S)|;$|\} (?=else)| \{$| (?:[-+*/?:]|[<>]=?|[!=]==?|[-+*]?=|&&|\|\|) (?=\S)| (?=[[(\w$]))+$/;
/** Lines as a tree. What has lines inside a template or a comment opens and closes nothing there, and stays as it is. */
function itemsOf(code: string): readonly Item[] {
  const lines = code.split('\n');
  const inside = linesInside(code);
  let at = 0;
  /** To the line that closes the block, or at the top to the end of the text. */
  const read = (isTop: boolean): Item[] => {
    const items: Item[] = [];
    for (; at < lines.length; at++) {
      if (inside.has(at)) {
        items.push(lines[at]);
        continue;
      }
      const line = lines[at].trim();
      if (line.startsWith('}') && !isTop) return items;
      const before = items.at(-1);
      if (line.startsWith('else') && before !== undefined) items[items.length - 1] = continued(before, line);
      else items.push(line.endsWith('{') ? readBlock() : line);
    }
    return items;
  };
  const readBlock = (): Block => {
    const parts: Block['parts'][number][] = [];
    for (;;) {
      const opener = lines[at++].trim();
      parts.push({ opener, items: read(false) });
      const closer = lines.at(at)?.trim();
      if (at >= lines.length) return { parts, closer: undefined };
      if (!closer?.endsWith('{')) return { parts, closer };
    }
  };
  return read(true);
}

/** A statement that goes on in the next line. */
function continued(item: Item, line: string): Item {
  return typeof item === 'string' ? `${item}\n${line}` : { ...item, closer: `${item.closer}\n${line}` };
}

/** The numbers of lines that a template or a comment of several lines has part of. */
function linesInside(code: string): ReadonlySet<number> {
  const found = new Set<number>();
  let line = 0;
  let counted = 0;
  const lineAt = (offset: number): number => {
    for (; counted < offset; counted++) if (code[counted] === '\n') line++;
    return line;
  };
  for (const { 0: token, index } of code.matchAll(tokens)) {
    if (!token.includes('\n')) continue;
    const first = lineAt(index);
    const last = lineAt(index + token.length);
    for (let inner = first; inner <= last; inner++) found.add(inner);
  }
  return found;
}

const tokens = /\/\/.*|\/\*[^]*?\*\/|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\[^])*`/g;
const landmarks = new RegExp(`${tokens.source}|[()[\\]{}]|\\n[ \\t]*(?=\\n)`, 'g');
