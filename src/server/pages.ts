// Texts that are open in an editor, with what is known of them: read and understood when something asks, once for each version.
import { read, understand, type Analysis, type Reading } from '../analysis/analyze.js';
import type { Entity, Use } from '../analysis/entities.js';
import { linted } from '../analysis/lints/lint.js';
import type { Diagnostic, Span } from '../diagnostics/diagnostic.js';
import { lineAt, lineStarts } from '../diagnostics/position.js';
import { library } from '../embedded.js';
import type { Position, Range } from 'vscode-languageserver';

/** What the server needs of the machine that it runs on. */
export interface Host {
  /** The text of a file; undefined where there is none. */
  read(path: string): string | undefined;
  /** The .nn files of folders. */
  files(folders: readonly string[]): readonly string[];
  /** Where the library's file can be looked at. */
  libraryUri(file: string): string;
  /** Where those are no files: the scheme of their URIs, whose texts the server is asked for. */
  readonly libraryScheme?: string;
  /** Does something after so many milliseconds; what it gives calls that off. */
  later(milliseconds: number, action: () => void): () => void;
}

/** A text as lines, between offsets and positions. */
export class Lines {
  private readonly starts: readonly number[];

  constructor(readonly text: string) {
    this.starts = lineStarts(text);
  }

  get count(): number {
    return this.starts.length;
  }

  positionAt(offset: number): Position {
    const line = lineAt(this.starts, offset);
    return { line, character: offset - this.starts[line] };
  }

  /** Positions behind the end of a line are its end, as the protocol says. */
  offsetAt({ line, character }: Position): number {
    if (line >= this.starts.length) return this.text.length;
    const start = this.starts[Math.max(line, 0)];
    const next = this.starts.at(line + 1) ?? this.text.length + 1;
    const end =
      line + 1 < this.starts.length ? start + this.text.slice(start, next).replace(/[\r\n]+$/, '').length : next - 1;
    return Math.min(start + Math.max(character, 0), end);
  }

  range({ start, end }: Pick<Span, 'start' | 'end'>): Range {
    return { start: this.positionAt(start), end: this.positionAt(end) };
  }

  lineOf(offset: number): number {
    return lineAt(this.starts, offset);
  }

  lineText(line: number): string {
    return this.text.slice(this.starts[line], this.starts.at(line + 1)).replace(/[\r\n]+$/, '');
  }

  startOf(line: number): number {
    return this.starts[Math.min(line, this.starts.length - 1)];
  }
}

/** A text of one version. */
export class Page {
  readonly lines: Lines;
  private known: { reading: Reading; analysis?: Analysis; told?: readonly Diagnostic[] } | undefined;

  constructor(
    readonly uri: string,
    readonly file: string,
    readonly text: string,
    readonly version: number,
    private readonly readFile: (path: string) => string | undefined,
  ) {
    this.lines = new Lines(text);
  }

  /** Another file has changed, which this one may import. */
  forget(): void {
    if (this.known && this.known.reading.file.declarations.some(({ kind }) => kind === 'import'))
      this.known = undefined;
  }

  private state() {
    this.known ??= { reading: read({ file: this.file, text: this.text }, { read: this.readFile }) };
    return this.known;
  }

  /** Milliseconds. */
  reading(): Reading {
    return this.state().reading;
  }

  analysis(): Analysis {
    const state = this.state();
    state.analysis ??= understand(state.reading);
    return state.analysis;
  }

  diagnostics(): readonly Diagnostic[] {
    const state = this.state();
    state.told ??= linted(this.analysis());
    return state.told;
  }

  /** The name at an offset, or ending there. */
  useAt(offset: number): Use | undefined {
    const { uses } = this.reading().names;
    return (
      uses.find(({ span }) => span.start <= offset && offset < span.end) ?? uses.find(({ span }) => span.end === offset)
    );
  }

  /** What can be named at an offset, from the inside out. */
  visibleAt(offset: number): Entity[] {
    const scopes = this.reading().names.scopes.filter(({ span }) => span && span.start <= offset && offset <= span.end);
    const found = new Map<string, Entity>();
    for (const [i, scope] of [...scopes.entries()].reverse())
      for (const entity of scope.entities()) {
        // Of a body what stands above; of a file everything.
        const later = i > 0 && entity.span?.file === this.file && (entity.whole?.end ?? entity.span.end) > offset;
        const isGiven = entity.kind === 'parameter' || entity.kind === 'slice' || entity.kind === 'carried';
        if ((!later || isGiven) && !found.has(entity.name)) found.set(entity.name, entity);
      }
    return [...found.values()];
  }
}

/** All open texts. */
export class Pages {
  private readonly open = new Map<string, Page>();
  private readonly byFile = new Map<string, Page>();

  /** Those that are open in the editor. */
  folders: readonly string[] = [];

  constructor(private readonly host: Host) {}

  /** Messages that have come are heard before it goes on. */
  pause(): Promise<void> {
    return new Promise((resolve) => {
      this.host.later(1, resolve);
    });
  }

  set(uri: string, text: string, version: number): Page {
    const file = fileOf(uri);
    const page = new Page(uri, file, text, version, (path) => this.textOf(path));
    this.open.set(uri, page);
    this.byFile.set(file, page);
    this.changed(page);
    return page;
  }

  close(uri: string): void {
    const page = this.open.get(uri);
    this.open.delete(uri);
    if (page && this.byFile.get(page.file) === page) this.byFile.delete(page.file);
    this.changed();
  }

  /** What files hold may be other than what was read. */
  changed(except?: Page): void {
    for (const page of this.open.values()) if (page !== except) page.forget();
  }

  get(uri: string): Page | undefined {
    return this.open.get(uri);
  }

  all(): readonly Page[] {
    return [...this.open.values()];
  }

  private textOf(path: string): string | undefined {
    return this.byFile.get(path)?.text ?? this.host.read(path);
  }

  /** The text of any file, the library's among them. */
  textOfAny(file: string): string | undefined {
    return library.find((each) => each.file === file)?.text ?? this.textOf(file);
  }

  /** The page of a file, open or not. */
  pageOf(file: string): Page | undefined {
    const known = this.byFile.get(file);
    if (known) return known;
    const text = this.host.read(file);
    return text === undefined ? undefined : new Page(this.uriOf(file), file, text, 0, (path) => this.textOf(path));
  }

  /** The paths of open texts, and of files in the folders that are open. */
  files(): readonly string[] {
    return [...new Set([...this.byFile.keys(), ...this.host.files(this.folders)])];
  }

  /** Open texts, and the files of the folders that are open. */
  everywhere(): readonly Page[] {
    return this.files().flatMap((file) => this.pageOf(file) ?? []);
  }

  /** What the library's file that lies at a URI holds, where the host has no files of it. */
  libraryText(uri: string): string | undefined {
    return this.host.libraryScheme === undefined
      ? undefined
      : library.find(({ file }) => this.host.libraryUri(file) === uri)?.text;
  }

  uriOf(file: string): string {
    return this.byFile.get(file)?.uri ?? (file.startsWith('std/') ? this.host.libraryUri(file) : uriOf(file));
  }
}

/** What a text is called: its path, or the URI of what is no file. */
export function fileOf(uri: string): string {
  if (!uri.startsWith('file:')) return uri;
  const { pathname } = new URL(uri);
  const path = /%(?![\da-f]{2})/i.test(pathname) ? pathname : decodeURIComponent(pathname);
  return /^\/[A-Za-z]:\//.test(path) ? path.slice(1) : path;
}

export function uriOf(file: string): string {
  if (/^[a-z][a-z\d+.-]+:/i.test(file)) return file;
  const path = file.split('/').map(encodeURIComponent).join('/');
  return `file://${path.startsWith('/') ? '' : '/'}${path}`;
}
