// The language server: what an editor asks, and who answers. It knows neither Node nor how messages come.
import type {
  CancellationToken,
  ClientCapabilities,
  Connection,
  Hover,
  InitializeParams,
  InitializeResult,
  Position,
  Range,
  TextDocumentContentChangeEvent,
} from 'vscode-languageserver';
import { codeActions, codeLenses } from './actions.js';
import { completion, resolved } from './completion.js';
import { foldingRanges } from './folding.js';
import { formatting } from './formatting.js';
import { gradientAt } from './gradient.js';
import { inlayHints } from './hints.js';
import { hover } from './hover.js';
import { definition, highlights, references } from './navigation.js';
import { fileOf, Lines, Pages, type Host, type Page } from './pages.js';
import { problemsOf } from './problems.js';
import { NotRenamed, renamable, rename } from './renaming.js';
import { signatureHelp } from './signature.js';
import { documentSymbols, workspaceSymbols } from './symbols.js';
import { legend, semanticTokens } from './tokens.js';

export interface Options {
  readonly version: string;
  /** What a request that cannot be fulfilled is answered with. */
  readonly failure: (message: string) => Error;
}

/** Errors are told once nobody has typed for so long. */
const quiet = 120;

/** Answers an editor until it ends the connection. */
export function serve(connection: Connection, host: Host, { version, failure }: Options): void {
  const pages = new Pages(host);
  const told = new Problems(connection, pages, host);
  let refreshed: ClientCapabilities['workspace'];

  connection.onInitialize((parameters) => {
    pages.folders = foldersOf(parameters);
    told.pushes = parameters.capabilities.textDocument?.diagnostic === undefined;
    refreshed = parameters.capabilities.workspace;
    const { libraryScheme } = host;
    const workspace = libraryScheme !== undefined && { textDocumentContent: { schemes: [libraryScheme] } };
    return { capabilities: { ...capabilities, ...(workspace && { workspace }) }, serverInfo: { name: 'nnc', version } };
  });
  connection.onDidOpenTextDocument(({ textDocument: { uri, text, version: of } }) => {
    pages.set(uri, text, of);
    told.later();
  });
  connection.onDidChangeTextDocument(({ textDocument: { uri, version: of }, contentChanges }) => {
    const before = pages.get(uri);
    if (before) pages.set(uri, contentChanges.reduce(changed, before).text, of);
    told.later();
  });
  connection.onDidCloseTextDocument(({ textDocument: { uri } }) => {
    pages.close(uri);
    told.forget(uri);
    told.later();
  });
  connection.onDidChangeWatchedFiles(() => {
    pages.changed();
    told.later();
    askAgain(connection, refreshed);
  });
  answerAtPlaces(connection, pages, failure);
  answerOfTexts(connection, pages);
  connection.workspace.textDocumentContent.on(({ uri }) => {
    const text = pages.libraryText(uri);
    return text === undefined ? null : { text };
  });
}

/** A file has changed that no editor holds: what an editor has asked of texts that import it is to be asked again. */
function askAgain({ languages }: Connection, can: ClientCapabilities['workspace']): void {
  if (can?.diagnostics?.refreshSupport === true) languages.diagnostics.refresh();
  if (can?.inlayHint?.refreshSupport === true) void languages.inlayHint.refresh();
  if (can?.semanticTokens?.refreshSupport === true) void languages.semanticTokens.refresh();
}

type At = { readonly textDocument: { readonly uri: string }; readonly position: Position };

/** What is asked of a place in a text. */
function answerAtPlaces(connection: Connection, pages: Pages, failure: Options['failure']): void {
  const at = <Result>({ textDocument, position }: At, answer: (page: Page, offset: number) => Result) => {
    const page = pages.get(textDocument.uri);
    return page && answer(page, page.lines.offsetAt(position));
  };
  connection.onHover(async (asked, token) => {
    const page = pages.get(asked.textDocument.uri);
    const found = at(asked, (of, offset) => hover(of, pages, offset));
    if (!page || !found || !(await isLookedAt(token, page, pages))) return found ?? null;
    return withFormula(found, gradientAt(page, page.lines.offsetAt(asked.position)));
  });
  connection.onCompletion((asked) => {
    const items = at(asked, (page, offset) => completion(page, pages, offset)) ?? [];
    const data = { uri: asked.textDocument.uri, position: asked.position };
    return items.map((item) => ({ ...item, data }));
  });
  connection.onCompletionResolve((item) => {
    const { data } = item as { data?: { uri: string; position: Position } };
    const page = data && pages.get(data.uri);
    return resolved(item, page, page && data ? page.lines.offsetAt(data.position) : 0);
  });
  connection.onDefinition((asked) => at(asked, (page, offset) => definition(page, pages, offset)) ?? null);
  connection.onReferences((asked) => {
    const { includeDeclaration } = asked.context;
    return at(asked, (page, offset) => references(page, pages, offset, includeDeclaration)) ?? [];
  });
  connection.onDocumentHighlight((asked) => at(asked, highlights) ?? []);
  connection.onPrepareRename((asked) => at(asked, renamable) ?? null);
  connection.onRenameRequest((asked) => {
    try {
      return at(asked, (page, offset) => rename(page, pages, offset, asked.newName)) ?? null;
    } catch (error) {
      if (error instanceof NotRenamed) throw failure(error.message);
      throw error;
    }
  });
  connection.onSignatureHelp((asked) => at(asked, signatureHelp) ?? null);
}

/** What is asked of a text as a whole, or of a stretch of it. */
function answerOfTexts(connection: Connection, pages: Pages): void {
  type Of = { readonly textDocument: { readonly uri: string } };
  const of = <Result>({ textDocument }: Of, none: Result, answer: (page: Page) => Result): Result => {
    const page = pages.get(textDocument.uri);
    return page ? answer(page) : none;
  };
  connection.onDocumentSymbol((asked) => of(asked, [], documentSymbols));
  connection.onWorkspaceSymbol(({ query }) => workspaceSymbols(pages, query));
  connection.onDocumentFormatting((asked) => of(asked, [], formatting));
  connection.onFoldingRanges((asked) => of(asked, [], foldingRanges));
  connection.onCodeAction((asked) =>
    of(asked, [], (page) => codeActions(page, pages, asked.range, asked.context.only)),
  );
  connection.onCodeLens((asked) => of(asked, [], codeLenses));
  const { inlayHint, semanticTokens: tokens, diagnostics } = connection.languages;
  inlayHint.on((asked) => of(asked, [], (page) => inlayHints(page, ...stretch(page, asked.range))));
  tokens.on((asked) => of(asked, { data: [] }, (page) => semanticTokens(page)));
  tokens.onRange((asked) => of(asked, { data: [] }, (page) => semanticTokens(page, ...stretch(page, asked.range))));
  diagnostics.on((asked) => ({ kind: 'full', items: of(asked, [], (page) => problemsOf(page, pages)) }));
}

function stretch({ lines }: Page, { start, end }: Range): [number, number] {
  return [lines.offsetAt(start), lines.offsetAt(end)];
}

function withFormula(found: Hover, formula: string | undefined): Hover {
  const { contents } = found;
  if (formula === undefined || typeof contents !== 'object' || !('kind' in contents)) return found;
  return { ...found, contents: { ...contents, value: `${contents.value}\n\n\`\`\`\n${formula}\n\`\`\`` } };
}

/** Lets what has come meanwhile be heard: is the answer still wanted, and the text the same? */
async function isLookedAt(token: CancellationToken, page: Page, pages: Pages): Promise<boolean> {
  await pages.pause();
  return !token.isCancellationRequested && pages.get(page.uri) === page;
}

/** Tells an editor that does not ask what is wrong, once it is quiet. */
class Problems {
  pushes = false;
  private callOff: (() => void) | undefined;

  constructor(
    private readonly connection: Connection,
    private readonly pages: Pages,
    private readonly host: Host,
  ) {}

  later(): void {
    if (!this.pushes) return;
    this.callOff?.();
    this.callOff = this.host.later(quiet, () => this.tell());
  }

  forget(uri: string): void {
    if (this.pushes) void this.connection.sendDiagnostics({ uri, diagnostics: [] });
  }

  private tell(): void {
    for (const page of this.pages.all()) {
      const { uri, version } = page;
      void this.connection.sendDiagnostics({ uri, version, diagnostics: problemsOf(page, this.pages) });
    }
  }
}

function changed(
  page: Pick<Page, 'text' | 'lines'>,
  change: TextDocumentContentChangeEvent,
): Pick<Page, 'text' | 'lines'> {
  if (!('range' in change)) return linesOf(change.text);
  const { text, lines } = page;
  const [start, end] = [lines.offsetAt(change.range.start), lines.offsetAt(change.range.end)];
  return linesOf(text.slice(0, start) + change.text + text.slice(end));
}

function foldersOf({ workspaceFolders, rootUri }: InitializeParams): readonly string[] {
  const uris = workspaceFolders?.map(({ uri }) => uri) ?? (typeof rootUri === 'string' ? [rootUri] : []);
  return uris.filter((uri) => uri.startsWith('file:')).map(fileOf);
}

const capabilities: InitializeResult['capabilities'] = {
  positionEncoding: 'utf-16',
  // Changes come as the stretches that changed.
  textDocumentSync: { openClose: true, change: 2 },
  hoverProvider: true,
  completionProvider: { triggerCharacters: ['>', '~', '(', '"'], resolveProvider: true },
  definitionProvider: true,
  referencesProvider: true,
  documentHighlightProvider: true,
  renameProvider: { prepareProvider: true },
  signatureHelpProvider: { triggerCharacters: ['(', ','] },
  documentSymbolProvider: true,
  workspaceSymbolProvider: true,
  documentFormattingProvider: true,
  foldingRangeProvider: true,
  codeActionProvider: { codeActionKinds: ['quickfix', 'refactor.extract', 'source.fixAll.nnc'] },
  codeLensProvider: {},
  inlayHintProvider: true,
  semanticTokensProvider: { legend, full: true, range: true },
  diagnosticProvider: { identifier: 'nnc', interFileDependencies: true, workspaceDiagnostics: false },
};

function linesOf(text: string): Pick<Page, 'text' | 'lines'> {
  return { text, lines: new Lines(text) };
}
