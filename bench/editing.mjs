// How long the language server takes to answer after a keystroke in a file of 500 lines: `npm run bench:editing`. Through pipes, as an editor has it.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import {
  createProtocolConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-languageserver-protocol/node';

const rounds = Number(process.argv[2] ?? 20);
const uri = 'file:///bench/large.nn';

/** Layers of their own, and a model that applies each: 500 lines. */
function largeFile() {
  const lines = ['// A file of 500 lines.', 'width = 16', ''];
  for (let i = 0; i < 40; i++)
    lines.push(
      `/// Block ${i}: two layers around a function, beside what they are given.`,
      `layer block_${i}(units, rate = 0.1)(x: [..., n]) -> [..., n] {`,
      '  hidden = x |> dense(units) |> gelu',
      '  gate = sigmoid(x |> dense(units))',
      '  mixed = hidden * gate |> dropout(rate)',
      '  return x + (mixed |> dense(n) |> layer_norm)',
      '}',
      '',
    );
  lines.push(
    'model large(depth = 4) {',
    '  input x: [batch, width]',
    '  input label: index(10)[batch]',
    '  h_0 = x |> dense(width)',
  );
  for (let i = 0; i < 40; i++) lines.push(`  // Step ${i}.`, `  h_${i + 1} = h_${i} |> block_${i}(2 * width)`);
  while (lines.length < 488)
    lines.push(`  s_${lines.length} = mean(h_1, axis = -1)`, `  metric m_${lines.length} = mean(s_${lines.length})`);
  lines.push(
    '  logits = h_40 |> dense(10)',
    '  output probability = softmax(logits)',
    '  loss = cross_entropy(logits, label)',
    '  metric accuracy = accuracy(logits, label)',
    '',
    '  train {',
    '    optimizer = adamw(lr = 1e-3)',
    '    batch     = 64',
    '    epochs    = 10',
    '  }',
    '}',
  );
  return lines.join('\n') + '\n';
}

const server = spawn(process.execPath, [fileURLToPath(new URL('../bin/nnc.js', import.meta.url)), 'lsp', '--stdio']);
const connection = createProtocolConnection(
  new StreamMessageReader(server.stdout),
  new StreamMessageWriter(server.stdin),
);
connection.listen();
await connection.sendRequest('initialize', {
  processId: null,
  rootUri: null,
  capabilities: { textDocument: { diagnostic: {} } },
});
await connection.sendNotification('initialized', {});
const text = largeFile();
const lines = text.split('\n');
await connection.sendNotification('textDocument/didOpen', {
  textDocument: { uri, languageId: 'nn', version: 1, text },
});

const textDocument = { uri };
const at = (line, word) => ({ line, character: lines[line].indexOf(word) + 1 });
const middle = lines.findIndex((line) => line.includes('h_20 = '));
const last = lines.findIndex((line) => line.includes('logits = '));
const whole = { start: { line: 0, character: 0 }, end: { line: lines.length, character: 0 } };

/** What is asked, with what it may take. */
const questions = [
  ['syntax, names: document symbols', 50, 'textDocument/documentSymbol', { textDocument }],
  ['semantic tokens', 50, 'textDocument/semanticTokens/full', { textDocument }],
  ['completion', 50, 'textDocument/completion', { textDocument, position: at(middle, '|> block') }],
  ['definition', 50, 'textDocument/definition', { textDocument, position: at(middle, 'block') }],
  [
    'references',
    50,
    'textDocument/references',
    { textDocument, position: at(middle, 'block'), context: { includeDeclaration: true } },
  ],
  ['signature help', 50, 'textDocument/signatureHelp', { textDocument, position: at(middle, '2 * width') }],
  ['folding', 50, 'textDocument/foldingRange', { textDocument }],
  ['formatting', 50, 'textDocument/formatting', { textDocument, options: { tabSize: 2, insertSpaces: true } }],
  ['diagnostics, with types and lints', 300, 'textDocument/diagnostic', { textDocument }],
  ['types: inlay hints', 300, 'textDocument/inlayHint', { textDocument, range: whole }],
  ['types: hover over a definition', 300, 'textDocument/hover', { textDocument, position: at(middle, 'block') }],
  ['hover with the formula of a gradient', 2000, 'textDocument/hover', { textDocument, position: at(last, 'logits') }],
];

let version = 1;
/** A letter is typed into a comment, and taken out again: the file is another, and says the same. */
async function keystroke() {
  version++;
  const place = { line: 0, character: 3 };
  const change =
    version % 2 === 0
      ? { range: { start: place, end: place }, text: 'x' }
      : { range: { start: place, end: { line: 0, character: 4 } }, text: '' };
  await connection.sendNotification('textDocument/didChange', {
    textDocument: { uri, version },
    contentChanges: [change],
  });
}

console.log('| request | at most | median | slowest |\n| --- | --- | --- | --- |');
for (const [name, limit, method, params] of questions) {
  const times = [];
  for (let round = 0; round < rounds + 5; round++) {
    const start = performance.now();
    await keystroke();
    const answer = await connection.sendRequest(method, params);
    if (name.includes('formula') && !JSON.stringify(answer).includes('d_logits')) throw new Error('no formula');
    if (round >= 5) times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  const shown = (time) => `${time < 10 ? time.toFixed(1) : Math.round(time)} ms`;
  console.log(`| ${name} | ${limit} ms | ${shown(times[times.length >> 1])} | ${shown(times[times.length - 1])} |`);
}
await connection.sendRequest('shutdown');
await connection.sendNotification('exit');
