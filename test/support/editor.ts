// An editor in the same process: what it asks the language server for, without a connection.
import type { Connection } from 'vscode-languageserver';
import type { Host } from '../../src/server/pages.js';
import { serve } from '../../src/server/server.js';

type Handler = (parameters: unknown, token: { readonly isCancellationRequested: boolean }) => unknown;

export interface Editor {
  /** `ask('onHover', …)`, `ask('languages.inlayHint.on', …)`: by the name of what the server answers with. */
  ask(name: string, parameters: unknown, token?: { readonly isCancellationRequested: boolean }): Promise<unknown>;
  /** The diagnostics that were pushed last, by URI. */
  readonly pushed: ReadonlyMap<string, readonly unknown[]>;
  /** What the server has asked it to ask again. */
  readonly again: ReadonlySet<string>;
  /** Lets time pass. */
  wait(): void;
}

const can = { refreshSupport: true };

/** `files`: what lies in the folder /models/ of this editor, by path. */
export async function openEditor(files: Readonly<Record<string, string>> = {}, pulls = true): Promise<Editor> {
  const handlers = new Map<string, Handler>();
  const pushed = new Map<string, readonly unknown[]>();
  const again = new Set<string>();
  const taking = (path: string): unknown =>
    new Proxy(() => undefined, {
      get: (_, name) => taking(path === '' ? String(name) : `${path}.${String(name)}`),
      apply(_, __, [first]: [unknown]) {
        if (path === 'sendDiagnostics') {
          const { uri, diagnostics } = first as { uri: string; diagnostics: readonly unknown[] };
          pushed.set(uri, diagnostics);
        } else if (path.endsWith('.refresh')) again.add(path);
        else handlers.set(path, first as Handler);
        return Promise.resolve();
      },
    });
  const waiting = new Set<() => void>();
  const host: Host = {
    read: (path) => files[path],
    files: () => Object.keys(files),
    libraryUri: (file) => `library:/${file}`,
    later(milliseconds, action) {
      if (milliseconds <= 1) {
        setTimeout(action, 0);
        return () => undefined;
      }
      waiting.add(action);
      return () => waiting.delete(action);
    },
  };
  serve(taking('') as Connection, host, { version: '0', failure: (message) => new Error(message) });
  const ask: Editor['ask'] = async (name, parameters, token = { isCancellationRequested: false }) => {
    const handler = handlers.get(name);
    if (!handler) throw new Error(`nothing answers ${name}`);
    return await handler(parameters, token);
  };
  await ask('onInitialize', {
    capabilities: pulls
      ? { textDocument: { diagnostic: {} }, workspace: { diagnostics: can, inlayHint: can, semanticTokens: can } }
      : {},
    workspaceFolders: [{ uri: 'file:///work', name: 'work' }],
    rootUri: null,
  });
  return {
    ask,
    pushed,
    again,
    wait() {
      const all = [...waiting];
      waiting.clear();
      for (const action of all) action();
    },
  };
}

export function opening(uri: string, text: string, version = 1): unknown {
  return { textDocument: { uri, languageId: 'nn', version, text } };
}
