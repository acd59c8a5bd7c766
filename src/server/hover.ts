// Hover: what the name, or the expression, under the cursor is.
import type { Hover } from 'vscode-languageserver';
import { describeValue } from '../analysis/text.js';
import { headOf } from './describing.js';
import type { Page } from './pages.js';
import { settingDoc } from './settings.js';

export function hover(page: Page, offset: number): Hover | undefined {
  const use = page.useAt(offset);
  if (use?.entity) {
    const { entity, span } = use;
    const doc = entity.kind === 'setting' ? settingDoc(entity.name) : entity.doc?.();
    return said(page, span, headOf(entity, page.analysis()), doc);
  }
  // An operator, a bracket, a number: the smallest expression around.
  const around = page.analysis().values.around(page.file, offset);
  const text = describeValue(around?.value);
  return around && text !== undefined ? said(page, around.span, text) : undefined;
}

function said(page: Page, span: { start: number; end: number }, code: string, doc?: string): Hover {
  const value = `\`\`\`nn\n${code}\n\`\`\`${doc === undefined ? '' : `\n\n${doc.replaceAll('\n', '  \n')}`}`;
  return { contents: { kind: 'markdown', value }, range: page.lines.range(span) };
}
