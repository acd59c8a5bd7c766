// The library that speaks the language server's protocol: loaded by `nnc lsp` alone.
import { createConnection, type Connection } from 'vscode-languageserver/node';

export { failure } from '../server/failure.js';

/** The connection over standard input and output. */
export function connected(): Connection {
  return createConnection(process.stdin, process.stdout);
}
