// The compiled language server from outside: a session over standard input and output, as an editor has it.
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'nnc-lsp-'));
afterAll(() => rmSync(folder, { recursive: true }));

const binary = join(import.meta.dirname, '../../bin/nnc.js');
const uri = pathToFileURL(join(folder, 'line.nn')).href;
const text =
  'import { double } from "blocks.nn"\nmodel line {\n  input x: [batch, 1]\n  h = double(x) |> dense(2)\n  loss = mean(h)\n}\n';
writeFileSync(join(folder, 'blocks.nn'), '/// Twice as much.\nfn double(x) = 2 * x\n');

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: unknown;
}

/** What speaks the protocol: headers with lengths, and JSON. */
class Session {
  private readonly process: ChildProcessWithoutNullStreams;
  private received = Buffer.alloc(0);
  private readonly waiting = new Map<number | string, (message: Message) => void>();
  private asked = 0;
  stderr = '';

  constructor() {
    this.process = spawn(process.execPath, [binary, 'lsp', '--stdio'], { cwd: folder });
    this.process.stdout.on('data', (data: Buffer) => this.take(data));
    this.process.stderr.on('data', (data: Buffer) => (this.stderr += data.toString()));
  }

  private take(data: Buffer): void {
    this.received = Buffer.concat([this.received, data]);
    for (;;) {
      const end = this.received.indexOf('\r\n\r\n');
      if (end < 0) return;
      const length = Number(/Content-Length: (\d+)/.exec(this.received.subarray(0, end).toString())?.[1]);
      if (this.received.length < end + 4 + length) return;
      const message: Message = JSON.parse(this.received.subarray(end + 4, end + 4 + length).toString());
      this.received = this.received.subarray(end + 4 + length);
      const key = message.id ?? message.method ?? '';
      this.waiting.get(key)?.(message);
      this.waiting.delete(key);
    }
  }

  private send(message: object): void {
    const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...message }));
    this.process.stdin.write(`Content-Length: ${body.length}\r\n\r\n`);
    this.process.stdin.write(body);
  }

  ask(method: string, params: object | null = null): Promise<Message> {
    const id = ++this.asked;
    const answer = new Promise<Message>((resolve) => this.waiting.set(id, resolve));
    this.send({ id, method, ...(params && { params }) });
    return answer;
  }

  tell(method: string, params: object = {}): void {
    this.send({ method, params });
  }

  /** The next message of this name. */
  next(method: string): Promise<Message> {
    return new Promise((resolve) => this.waiting.set(method, resolve));
  }

  ended(): Promise<number | null> {
    return new Promise((resolve) => this.process.on('exit', resolve));
  }
}

it('answers an editor from its beginning to its end', { timeout: 60_000 }, async () => {
  const session = new Session();
  const begun = await session.ask('initialize', {
    processId: null,
    rootUri: pathToFileURL(folder).href,
    capabilities: {},
  });
  expect(begun.result).toMatchObject({
    serverInfo: { name: 'nnc' },
    capabilities: { textDocumentSync: { change: 2 }, hoverProvider: true, renameProvider: { prepareProvider: true } },
  });
  session.tell('initialized');

  const told = session.next('textDocument/publishDiagnostics');
  session.tell('textDocument/didOpen', { textDocument: { uri, languageId: 'nn', version: 1, text } });
  expect((await told).params).toMatchObject({ uri, version: 1, diagnostics: [] });

  const textDocument = { uri };
  const hover = await session.ask('textDocument/hover', { textDocument, position: { line: 3, character: 2 } });
  expect(JSON.stringify(hover.result)).toContain('h: [batch, 2]');

  const own = await session.ask('textDocument/definition', { textDocument, position: { line: 3, character: 8 } });
  expect(own.result).toMatchObject({
    uri: pathToFileURL(join(folder, 'blocks.nn')).href,
    range: { start: { line: 1 } },
  });
  // A file of the library is one that can be opened.
  const dense = await session.ask('textDocument/definition', { textDocument, position: { line: 3, character: 20 } });
  const place = dense.result as { uri: string; range: { start: { line: number } } };
  const source = readFileSync(fileURLToPath(place.uri), 'utf8').split('\n');
  expect(source[place.range.start.line]).toMatch(/^layer dense\(/);

  // Two edits of one change come one after the other.
  const wrong = session.next('textDocument/publishDiagnostics');
  session.tell('textDocument/didChange', {
    textDocument: { uri, version: 2 },
    contentChanges: [
      { range: { start: { line: 4, character: 14 }, end: { line: 4, character: 15 } }, text: 'g' },
      { range: { start: { line: 4, character: 15 }, end: { line: 4, character: 15 } }, text: 'g' },
    ],
  });
  expect((await wrong).params).toMatchObject({
    version: 2,
    diagnostics: [
      {
        code: 'unknown-name',
        severity: 1,
        range: { start: { line: 4, character: 14 }, end: { line: 4, character: 16 } },
      },
    ],
  });

  const refused = await session.ask('textDocument/rename', {
    textDocument,
    position: { line: 3, character: 2 },
    newName: 'if',
  });
  expect(refused.error).toMatchObject({ code: -32803, message: '"if" cannot be a name' });
  const files = await session.ask('workspace/symbol', { query: 'double' });
  expect(files.result).toMatchObject([{ name: 'double' }]);

  const ended = session.ended();
  expect(await session.ask('shutdown')).toMatchObject({ result: null });
  session.tell('exit');
  expect(await ended).toBe(0);
  expect(session.stderr).toBe('');
});
