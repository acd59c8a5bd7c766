// The code cache: what V8 has compiled of a bundle, in a folder of the user's between runs. Whatever is wrong with it costs time, and
// nothing else.
import { createHash } from 'node:crypto';
import {
  accessSync,
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { basename, isAbsolute, join } from 'node:path';

export interface KeptCode {
  readonly code: Buffer;
  /** What it has been used for: it holds the functions that these needed. */
  readonly uses: readonly string[];
}

export interface CodeCache {
  /** What is kept of a bundle; undefined where that is nothing, or of another text, or damaged. */
  read(bundle: string, source: Buffer): KeptCode | undefined;
  /** Keeps code in place of what was kept; `make` is called where there is a place to write it. */
  write(bundle: string, source: Buffer, kept: { readonly uses: readonly string[]; make(): Buffer }): void;
}

const off: CodeCache = { read: () => undefined, write: () => undefined };

/** Days after which what no run has written again is removed: that of versions and places which are no more. */
const longest = 90;

/** The cache for one installation of the command; one that keeps nothing where the user turned it off or there is no folder for it. */
export function codeCache(installation: string, env: NodeJS.ProcessEnv = process.env): CodeCache {
  if (env.NNC_NO_CACHE || env.NODE_DISABLE_COMPILE_CACHE) return off;
  const folder = folderFor(env);
  if (folder === undefined) return off;
  const { version, versions, arch, platform, execArgv } = process;
  // Code is for one engine with its flags. What another release of the command has kept in the same place is replaced.
  const key = sha256(JSON.stringify([version, versions.v8, arch, platform, execArgv, installation])).toString('hex');
  const fileOf = (bundle: string): string => join(folder, `${basename(bundle, '.cjs')}-${key.slice(0, 16)}.bin`);
  return {
    read: (bundle, source) => attempt(() => unpack(readFileSync(fileOf(bundle)), source)),
    write: (bundle, source, { uses, make }) =>
      attempt(() => replace(folder, fileOf(bundle), () => pack({ uses, code: make() }, source))),
  };
}

/** A folder that is the user's alone, for the engine trusts what it holds: made where there is none yet. */
function folderFor({ XDG_CACHE_HOME: configured }: NodeJS.ProcessEnv): string | undefined {
  const caches = configured && isAbsolute(configured) ? configured : join(homedir(), '.cache');
  const candidates = [join(caches, 'nnc', 'code'), join(tmpdir(), `nnc-${process.getuid?.() ?? 'code'}`)];
  return candidates.find((folder) =>
    attempt(() => {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
      const { uid, mode } = statSync(folder);
      return process.getuid === undefined || (uid === process.getuid() && (mode & 0o022) === 0);
    }),
  );
}

/** Code, its uses as JSON, the length of that, and a digest of all and of the source: V8 would take any bytes for code. */
function pack({ code, uses }: KeptCode, source: Buffer): Buffer {
  const json = Buffer.from(JSON.stringify(uses));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  return Buffer.concat([code, json, length, sha256(source, code, json, length)]);
}

function unpack(bytes: Buffer, source: Buffer): KeptCode | undefined {
  const body = bytes.subarray(0, -32);
  if (!sha256(source, body).equals(bytes.subarray(-32))) return undefined;
  const end = body.length - 4;
  const start = end - body.readUInt32LE(end);
  return { code: body.subarray(0, start), uses: JSON.parse(body.toString('utf8', start, end)) };
}

/** Writes a file beside and puts it in place, so that nobody reads half of one; nothing is made where nothing can be written. */
function replace(folder: string, file: string, make: () => Buffer): void {
  const beside = `${file}.${process.pid}`;
  const descriptor = openSync(beside, 'wx', 0o600);
  try {
    try {
      writeFileSync(descriptor, make());
    } finally {
      closeSync(descriptor);
    }
    renameSync(beside, file);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
  const oldest = Date.now() - longest * 24 * 60 * 60 * 1000;
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).mtimeMs < oldest) rmSync(path);
  }
}

function sha256(...parts: readonly (string | Buffer)[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** The cache is for speed: what fails in it is as if it were not there. */
function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}
