// Hover: what the name, or the expression, under the cursor is.
import type { Hover } from 'vscode-languageserver';
import type { Entity } from '../analysis/entities.js';
import { describeValue } from '../analysis/text.js';
import { headOf } from './describing.js';
import type { Page, Pages } from './pages.js';
import { settingDoc } from './settings.js';

export function hover(page: Page, pages: Pages, offset: number): Hover | undefined {
  const use = page.useAt(offset);
  if (use?.entity) {
    const { entity, span, role } = use;
    const doc = entity.kind === 'setting' ? settingDoc(entity.name) : entity.doc?.();
    // What an argument is called says of the parameter how it is declared: its value is that of another call.
    const isDeclared = role === 'names' && entity.kind === 'parameter';
    const head = (isDeclared ? undefined : headOf(entity, page.analysis())) ?? '';
    return said(page, span, isDeclared || head === entity.name ? (written(entity, pages) ?? entity.name) : head, doc);
  }
  // An operator, a bracket, a number: the smallest expression around.
  const around = page.analysis().values.around(page.file, offset);
  const text = describeValue(around?.value);
  return around && text !== undefined ? said(page, around.span, text) : undefined;
}

/** A parameter or a constant as it stands where it is defined. */
function written({ kind, span, whole }: Entity, pages: Pages): string | undefined {
  if (!span || !whole || (kind !== 'parameter' && kind !== 'constant')) return undefined;
  const text = pages.textOfAny(span.file)?.slice(span.start, whole.end);
  return text === undefined || text.length > longest ? undefined : text;
}

const longest = 200;

function said(page: Page, span: { start: number; end: number }, code: string, doc?: string): Hover {
  const value = `\`\`\`nn\n${code}\n\`\`\`${doc === undefined ? '' : `\n\n${doc.replaceAll('\n', '  \n')}`}`;
  return { contents: { kind: 'markdown', value }, range: page.lines.range(span) };
}
