// The language server in a worker of a page: the session that an editor has over standard input and output, over messages.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { blocks, holdSession, Session, type Message } from '../support/languageSession.js';
import { openPage } from './page.js';

const script = readFileSync(join(import.meta.dirname, '../../dist/server/worker.js'), 'utf8');
const folder = 'file:///models';

it('answers a page from beginning to end', { timeout: 60_000 }, async () => {
  const { page, close } = await openPage({ '/worker.js': script });
  try {
    await page.exposeFunction('take', (message: Message) => session.take(message));
    await page.evaluate(() => {
      const here = window as unknown as { server: Worker; take(message: unknown): void };
      here.server = new Worker('/worker.js', { type: 'module' });
      here.server.addEventListener('message', ({ data }) => here.take(data));
    });
    const session = new Session((message) => {
      void page.evaluate((one) => (window as unknown as { server: Worker }).server.postMessage(one), message);
    });
    // There are no files: what a text imports is open.
    const imported = { uri: `${folder}/${blocks.name}`, languageId: 'nn', version: 1, text: blocks.text };
    session.tell('textDocument/didOpen', { textDocument: imported });
    await holdSession(session, {
      folder,
      async libraryText(uri, asking) {
        const { result } = await asking.ask('workspace/textDocumentContent', { uri });
        return (result as { text: string }).text;
      },
    });
  } finally {
    await close();
  }
});

it('is small: without ts-morph, and without all of Prettier but its printer', () => {
  expect(gzipSync(script).length).toBeLessThan(300_000);
});
