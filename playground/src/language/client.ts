// The editor's end of the language server, which runs in a worker of its own.
import { LSPClient, LSPPlugin, Workspace, type Transport, type WorkspaceFile } from '@codemirror/lsp-client';
import type { Text } from '@codemirror/state';
import type { EditorView } from '@codemirror/view';
import { compilerWorker } from '../compiler/ask.js';
import type { Question, Reply } from '../compiler/protocol.js';
import { cleaned } from './clean.js';

/** The text in the editor, whatever its file is called. */
export const modelUri = 'file:///model.nn';

/** So long an answer may take, milliseconds. */
const patience = 20_000;

/** `display` shows a text of the library, to which definitions lead. Rejects where the server cannot be loaded. */
export async function connected(display: (uri: string, text: string) => EditorView): Promise<LSPClient> {
  const { port1, port2 } = new MessageChannel();
  await served(port2);
  const client = new LSPClient({
    timeout: patience,
    sanitizeHTML: cleaned,
    workspace: (of) => new Texts(of, display),
    // What is wrong with the text another worker tells: the server is not to push it.
    extensions: [{ clientCapabilities: { textDocument: { diagnostic: {} } } }],
  });
  return client.connect(transportOver(port1));
}

/** Resolves once the server listens, however long it takes to load: a client whose first request is not answered in time asks no other. */
function served(port: MessagePort): Promise<void> {
  const worker = compilerWorker('language');
  return new Promise((resolve, reject) => {
    worker.addEventListener('message', ({ data }: MessageEvent<Reply>) =>
      data.kind === 'failure' ? reject(new Error(data.message)) : resolve(),
    );
    worker.addEventListener('error', ({ message }) => reject(new Error(message)));
    worker.postMessage({ id: 0, name: 'language', asked: [] } satisfies Question, [port]);
  });
}

function transportOver(port: MessagePort): Transport {
  const handlers = new Set<(message: string) => void>();
  port.addEventListener('message', ({ data }) => {
    const message = JSON.stringify(data);
    for (const handler of handlers) handler(message);
  });
  port.start();
  return {
    send: (message) => port.postMessage(JSON.parse(message)),
    subscribe: (handler) => void handlers.add(handler),
    unsubscribe: (handler) => void handlers.delete(handler),
  };
}

interface OpenText extends WorkspaceFile {
  readonly view: EditorView;
}

/** The one text that is edited, and the library's, which are looked at. */
class Texts extends Workspace {
  override files: OpenText[] = [];
  private version = 0;

  constructor(
    client: LSPClient,
    private readonly display: (uri: string, text: string) => EditorView,
  ) {
    super(client);
  }

  override syncFiles() {
    return this.files.flatMap((file) => {
      const plugin = LSPPlugin.get(file.view);
      if (!plugin || plugin.unsyncedChanges.empty) return [];
      const update = { file, changes: plugin.unsyncedChanges, prevDoc: file.doc };
      file.doc = file.view.state.doc;
      file.version = ++this.version;
      plugin.clear();
      return [update];
    });
  }

  override openFile(uri: string, languageId: string, view: EditorView): void {
    const doc: Text = view.state.doc;
    const file: OpenText = { uri, languageId, version: ++this.version, doc, view, getView: () => view };
    this.files.push(file);
    this.client.didOpen(file);
  }

  override closeFile(uri: string): void {
    this.files = this.files.filter((file) => file.uri !== uri);
    this.client.didClose(uri);
  }

  override async displayFile(uri: string): Promise<EditorView | null> {
    const open = this.getFile(uri)?.getView();
    if (open) return open;
    const found: { text: string } | null = await this.client.request('workspace/textDocumentContent', { uri });
    return found && this.display(uri, found.text);
  }
}
