// The language server over messages between threads of a page: a worker's own, or a port's.
import { BrowserMessageReader, BrowserMessageWriter, createConnection } from 'vscode-languageserver/browser';
import { version } from '../embedded.js';
import { failure } from './failure.js';
import type { Host } from './pages.js';
import { serve } from './server.js';

/** Both sides of a conversation: a port, or what a worker calls `self`. */
export type Port = ConstructorParameters<typeof BrowserMessageReader>[0];

/** Answers whoever sends messages to `port`, JSON objects of the protocol. What a text imports is read from the open texts: there are no files. */
export function serveOver(port: Port): void {
  const connection = createConnection(new BrowserMessageReader(port), new BrowserMessageWriter(port));
  serve(connection, host, { version, failure });
  connection.listen();
}

const host: Host = {
  read: () => undefined,
  files: () => [],
  libraryScheme: 'nnc',
  libraryUri: (file) => `nnc:/${file}`,
  later(milliseconds, action) {
    const timer = setTimeout(action, milliseconds);
    return () => clearTimeout(timer);
  },
};
