// The extension for VS Code: starts the language server, and carries out the commands that its lenses and the palette name.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import {
  commands,
  EventEmitter,
  Range,
  Uri,
  ViewColumn,
  window,
  workspace,
  type ExtensionContext,
  type TextDocument,
  type TextEditor,
} from 'vscode';
import { LanguageClient, TransportKind, type ServerOptions } from 'vscode-languageclient/node';
import { linesOfKernels } from './lines.js';
import { reasonIn } from './reason.js';

let client: LanguageClient | undefined;

export async function activate({ subscriptions, asAbsolutePath }: ExtensionContext): Promise<void> {
  subscriptions.push(
    commands.registerCommand('nnc.train', (uri?: string, model?: string) => train(uri, model)),
    commands.registerCommand('nnc.gradient', (uri?: string, model?: string) => gradient(uri, model)),
    commands.registerCommand('nnc.graph', (uri?: string, model?: string) => graph(uri, model)),
    commands.registerCommand('nnc.module', (uri?: string, model?: string) => compiled(uri, model)),
    commands.registerCommand('nnc.restart', () => client?.restart()),
    window.onDidChangeTextEditorSelection(({ textEditor }) => light(textEditor)),
    workspace.registerTextDocumentContentProvider(scheme, {
      onDidChange: changed.event,
      provideTextDocumentContent: (uri) => shown.get(uri.toString()),
    }),
    workspace.onDidCloseTextDocument(({ uri }) => shown.delete(uri.toString())),
    changed,
    lit,
  );
  const command = named();
  // Where no nnc is named, nor in the folder: the server that came with the extension.
  const server: ServerOptions =
    command === undefined
      ? { module: asAbsolutePath('dist/server.cjs'), transport: TransportKind.stdio }
      : { command, args: ['lsp', '--stdio'], options: { shell: process.platform === 'win32' } };
  client = new LanguageClient('nnc', 'nnc', server, {
    // What is shown of a model is none of the server's: a derivation is no model.
    documentSelector: ['file', 'untitled', 'vscode-remote'].map((each) => ({ language: 'nn', scheme: each })),
    synchronize: { fileEvents: workspace.createFileSystemWatcher('**/*.nn') },
  });
  try {
    await client.start();
  } catch (error) {
    void window.showErrorMessage(
      command === undefined
        ? `The language server does not start: ${error instanceof Error ? error.message : String(error)}`
        : `nnc does not start: is ${command} there? The setting nnc.path says where it is.`,
    );
  }
}

export async function deactivate(): Promise<void> {
  await client?.stop();
}

/** The command that carries out what the palette and lenses name: one that is named, or what the path has. */
function nnc(): string {
  return named() ?? (process.platform === 'win32' ? 'nnc.cmd' : 'nnc');
}

/** The setting, or the folder's own. */
function named(): string | undefined {
  const set = workspace.getConfiguration('nnc').get<string>('path') ?? '';
  if (set !== '') return set;
  const name = process.platform === 'win32' ? 'nnc.cmd' : 'nnc';
  const folders = workspace.workspaceFolders ?? [];
  return folders.map(({ uri }) => join(uri.fsPath, 'node_modules/.bin', name)).find((path) => existsSync(path));
}

// ---- commands ----------------------------------------------------------------------------------------

/** The file that is meant, saved: commands read it from disk. */
async function fileOf(uri: string | undefined): Promise<string | undefined> {
  const document =
    uri === undefined ? window.activeTextEditor?.document : await workspace.openTextDocument(Uri.parse(uri));
  if (document?.languageId !== 'nn') return undefined;
  await document.save();
  return document.fileName;
}

function modelOption(model: string | undefined): string[] {
  return model === undefined ? [] : ['--model', model];
}

async function train(uri?: string, model?: string): Promise<void> {
  const file = await fileOf(uri);
  if (file === undefined) return;
  const terminal = window.createTerminal({ name: `nnc train ${model ?? ''}`.trim() });
  terminal.show();
  terminal.sendText([nnc(), 'train', file, ...modelOption(model)].map(quoted).join(' '));
}

function quoted(word: string): string {
  return /^[\w./:\\-]+$/.test(word) ? word : JSON.stringify(word);
}

async function gradient(uri?: string, model?: string): Promise<void> {
  const file = await fileOf(uri);
  const text = file === undefined ? undefined : await output(['grad', file, ...modelOption(model)]);
  if (file !== undefined && text !== undefined) await beside(text, `gradient of ${basename(file)}`);
}

async function graph(uri?: string, model?: string): Promise<void> {
  const file = await fileOf(uri);
  const html =
    file === undefined ? undefined : await output(['graph', file, '--format', 'html', ...modelOption(model)]);
  if (html === undefined) return;
  const panel = window.createWebviewPanel('nnc.graph', `Graph ${model ?? ''}`.trim(), ViewColumn.Beside, {
    enableScripts: true,
  });
  panel.webview.html = html;
}

/** Modules that are shown, with the file that each is of. */
const modules = new WeakMap<TextDocument, string>();
const lit = window.createTextEditorDecorationType({
  isWholeLine: true,
  backgroundColor: { id: 'editor.rangeHighlightBackground' },
});

async function compiled(uri?: string, model?: string): Promise<void> {
  const file = await fileOf(uri);
  const text = file === undefined ? undefined : await output(['compile', file, '-o', '-', ...modelOption(model)]);
  if (file === undefined || text === undefined) return;
  modules.set(await beside(text, `${basename(file)}.ts`), file);
  const source = window.visibleTextEditors.find(({ document }) => document.fileName === file);
  if (source) light(source);
}

/** In the other text the lines that belong to the line of the cursor are lit. */
function light(editor: TextEditor): void {
  for (const other of window.visibleTextEditors) {
    const isModule = modules.get(other.document) === editor.document.fileName;
    const isSource = modules.get(editor.document) === other.document.fileName;
    if (!isModule && !isSource) continue;
    const [module, source] = isModule ? [other.document, editor.document] : [editor.document, other.document];
    const line = editor.selection.active.line;
    const kernels = linesOfKernels(module.getText(), source.fileName);
    const found = isModule
      ? kernels.filter((kernel) => kernel.source === line).map(({ from, to }) => new Range(from, 0, to, 0))
      : kernels
          .filter(({ from, to }) => from <= line && line <= to)
          .map((kernel) => new Range(kernel.source, 0, kernel.source, 0));
    other.setDecorations(lit, found);
    if (found.length > 0) other.revealRange(found[0]);
  }
}

/** Documents that are only shown: nothing to save, and no file. */
const scheme = 'nnc';
const shown = new Map<string, string>();
const changed = new EventEmitter<Uri>();

/** Shows a text beside the editor, by a name whose end says the language; what stands there by that name is exchanged. */
async function beside(content: string, name: string): Promise<TextDocument> {
  const uri = Uri.from({ scheme, path: `/${name}` });
  shown.set(uri.toString(), content);
  changed.fire(uri);
  const document = await workspace.openTextDocument(uri);
  await window.showTextDocument(document, { viewColumn: ViewColumn.Beside, preserveFocus: true, preview: true });
  return document;
}

/** What the command prints; undefined where it fails, which is shown. */
function output(args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    const options = { maxBuffer: 2 ** 28, shell: process.platform === 'win32' };
    execFile(nnc(), [...args], options, (error, stdout, stderr) => {
      if (error) void window.showErrorMessage(reasonOf(error, stderr));
      resolve(error ? undefined : stdout);
    });
  });
}

function reasonOf(error: Error, stderr: string): string {
  const isMissing = 'code' in error && error.code === 'ENOENT';
  if (isMissing)
    return `There is no ${nnc()}: npm install nnc brings it into the folder, or the setting nnc.path says where it is.`;
  return reasonIn(stderr) || error.message;
}
