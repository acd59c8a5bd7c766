// A session with the language server, whatever carries its messages: what an editor tells and asks from beginning to end, and what it is answered.
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect } from 'vitest';

export interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: unknown;
}

/** An editor's end of a connection. */
export class Session {
  private readonly waiting = new Map<number | string, (message: Message) => void>();
  private asked = 0;

  constructor(private readonly send: (message: object) => void) {}

  /** What has come from the server. */
  take(message: Message): void {
    const { uri } = (message.params ?? {}) as { uri?: string };
    const key = message.id ?? `${message.method} ${uri}`;
    this.waiting.get(key)?.(message);
    this.waiting.delete(key);
  }

  ask(method: string, params: object | null = null): Promise<Message> {
    const id = ++this.asked;
    const answer = new Promise<Message>((resolve) => this.waiting.set(id, resolve));
    this.send({ jsonrpc: '2.0', id, method, ...(params && { params }) });
    return answer;
  }

  tell(method: string, params: object = {}): void {
    this.send({ jsonrpc: '2.0', method, params });
  }

  /** What is told next of a text's problems. */
  problems(uri: string): Promise<Message> {
    return new Promise((resolve) => this.waiting.set(`textDocument/publishDiagnostics ${uri}`, resolve));
  }
}

/** With a server of its own process, over its standard input and output. */
function sessionWith(server: ChildProcessWithoutNullStreams): Session {
  const session = new Session((message) => {
    const body = Buffer.from(JSON.stringify(message));
    server.stdin.write(`Content-Length: ${body.length}\r\n\r\n`);
    server.stdin.write(body);
  });
  let received = Buffer.alloc(0);
  server.stdout.on('data', (data: Buffer) => {
    received = Buffer.concat([received, data]);
    for (;;) {
      const end = received.indexOf('\r\n\r\n');
      if (end < 0) return;
      const length = Number(/Content-Length: (\d+)/.exec(received.subarray(0, end).toString())?.[1]);
      if (received.length < end + 4 + length) return;
      session.take(JSON.parse(received.subarray(end + 4, end + 4 + length).toString()));
      received = received.subarray(end + 4 + length);
    }
  });
  return session;
}

/** Where a session's texts are. */
export interface Place {
  /** The URI of the folder that is open, without a slash at its end. */
  readonly folder: string;
  /** The text of a file of the library, by the URI that a definition has. */
  libraryText(uri: string, session: Session): Promise<string>;
}

/** What `line.nn` imports. */
export const blocks = { name: 'blocks.nn', text: '/// Twice as much.\nfn double(x) = 2 * x\n' };

const text = `import { double } from "blocks.nn"
model line {
  input x: [batch, 1]
  h = double(x) |> dense(2)
  loss = mean(h)
}
`;

type Row = readonly [method: string, params: object, result: unknown];

/** Every kind of request, each once, of the text above. */
function rows(folder: string): readonly Row[] {
  const uri = `${folder}/line.nn`;
  const textDocument = { uri };
  const at = (line: number, character: number) => ({ textDocument, position: { line, character } });
  const range = { start: { line: 0, character: 0 }, end: { line: 6, character: 0 } };
  const on = (line: number, from: number, to: number) => ({
    start: { line, character: from },
    end: { line, character: to },
  });
  const some = (items: unknown[]): unknown => expect.arrayContaining(items);
  const like = (members: object): unknown => expect.objectContaining(members);
  const says = (part: string): unknown => expect.stringContaining(part);
  return [
    ['textDocument/hover', at(3, 2), like({ contents: like({ value: says('h: [batch, 2]') }) })],
    ['textDocument/completion', at(4, 14), some([like({ label: 'h' }), like({ label: 'double' })])],
    [
      'completionItem/resolve',
      { label: 'h', data: { uri, position: at(4, 14).position } },
      like({ detail: says('[batch, 2]') }),
    ],
    ['textDocument/definition', at(3, 8), like({ uri: `${folder}/${blocks.name}`, range: on(1, 3, 9) })],
    [
      'textDocument/references',
      { ...at(3, 2), context: { includeDeclaration: true } },
      [
        { uri, range: on(3, 2, 3) },
        { uri, range: on(4, 14, 15) },
      ],
    ],
    ['textDocument/documentHighlight', at(3, 2), [like({ range: on(3, 2, 3) }), like({ range: on(4, 14, 15) })]],
    ['textDocument/prepareRename', at(3, 2), { range: on(3, 2, 3), placeholder: 'h' }],
    ['textDocument/rename', { ...at(3, 2), newName: 'g' }, like({ changes: { [uri]: expect.any(Array) } })],
    ['textDocument/signatureHelp', at(3, 25), like({ signatures: [like({ label: says('layer dense(units') })] })],
    ['textDocument/documentSymbol', { textDocument }, [like({ name: 'line' })]],
    ['workspace/symbol', { query: 'double' }, [like({ name: 'double' })]],
    ['textDocument/formatting', { textDocument, options: { tabSize: 2, insertSpaces: true } }, []],
    ['textDocument/foldingRange', { textDocument }, [like({ startLine: 1 })]],
    [
      'textDocument/codeAction',
      { textDocument, range: on(3, 6, 27), context: { diagnostics: [] } },
      [like({ title: 'Extract a layer' })],
    ],
    ['textDocument/codeLens', { textDocument }, some([like({ command: like({ command: 'nnc.gradient' }) })])],
    ['textDocument/inlayHint', { textDocument, range }, some([like({ label: ': [batch, 2]' })])],
    ['textDocument/semanticTokens/full', { textDocument }, { data: expect.any(Array) }],
    ['textDocument/semanticTokens/range', { textDocument, range }, { data: expect.any(Array) }],
    ['textDocument/diagnostic', { textDocument }, { kind: 'full', items: [] }],
  ];
}

/** Holds the session, up to the end of the connection. */
export async function holdSession(session: Session, { folder, libraryText }: Place): Promise<void> {
  const uri = `${folder}/line.nn`;
  const textDocument = { uri };
  const begun = await session.ask('initialize', { processId: null, rootUri: folder, capabilities: {} });
  expect(begun.result).toMatchObject({
    serverInfo: { name: 'nnc' },
    capabilities: { textDocumentSync: { change: 2 }, hoverProvider: true, renameProvider: { prepareProvider: true } },
  });
  session.tell('initialized');

  const told = session.problems(uri);
  session.tell('textDocument/didOpen', { textDocument: { uri, languageId: 'nn', version: 1, text } });
  expect((await told).params).toMatchObject({ uri, version: 1, diagnostics: [] });

  for (const [method, params, result] of rows(folder)) {
    const answer = await session.ask(method, params);
    expect(answer.result, `${method}: ${JSON.stringify(answer.error)}`).toEqual(result);
  }
  const dense = await session.ask('textDocument/definition', { textDocument, position: { line: 3, character: 20 } });
  const place = dense.result as { uri: string; range: { start: { line: number } } };
  const source = (await libraryText(place.uri, session)).split('\n');
  expect(source[place.range.start.line]).toMatch(/^layer dense\(/);
  const refused = await session.ask('textDocument/rename', {
    textDocument,
    position: { line: 3, character: 2 },
    newName: 'if',
  });
  expect(refused.error).toMatchObject({ code: -32803, message: '"if" cannot be a name' });

  // Two edits of one change come one after the other.
  const wrong = session.problems(uri);
  session.tell('textDocument/didChange', {
    textDocument: { uri, version: 2 },
    contentChanges: [
      { range: { start: { line: 4, character: 14 }, end: { line: 4, character: 15 } }, text: 'g' },
      { range: { start: { line: 4, character: 15 }, end: { line: 4, character: 15 } }, text: 'g' },
    ],
  });
  const range = { start: { line: 4, character: 14 }, end: { line: 4, character: 16 } };
  expect((await wrong).params).toMatchObject({
    version: 2,
    diagnostics: [{ code: 'unknown-name', severity: 1, range }],
  });
  expect(await session.ask('shutdown')).toMatchObject({ result: null });
}

/** The whole session with a server of files in a folder that holds `blocks`: its exit code at the end. */
export async function holdSessionOver(server: ChildProcessWithoutNullStreams, folder: string): Promise<unknown> {
  const session = sessionWith(server);
  // A file of the library is one that can be opened.
  const libraryText = (uri: string) => Promise.resolve(readFileSync(fileURLToPath(uri), 'utf8'));
  await holdSession(session, { folder: pathToFileURL(folder).href, libraryText });
  const ended = new Promise((resolve) => server.on('exit', resolve));
  session.tell('exit');
  return ended;
}
