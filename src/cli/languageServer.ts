// The library that speaks the language server's protocol: loaded by `nnc lsp` alone.
import { createConnection, ResponseError, type Connection } from 'vscode-languageserver/node';

/** The connection over standard input and output. */
export function connected(): Connection {
  return createConnection(process.stdin, process.stdout);
}

/** What cannot be done, and why: the protocol's RequestFailed. */
export function failure(message: string): Error {
  return new ResponseError(-32803, message);
}
