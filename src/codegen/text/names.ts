// Names of the model as names of generated code: what cannot stand in an identifier is replaced, and nothing is named twice.

const words = (...lists: readonly string[]): readonly string[] => lists.flatMap((list) => list.split(' '));

/** What every object has: a field of such a name would be another one's. */
const members = words(
  'constructor hasOwnProperty isPrototypeOf propertyIsEnumerable toLocaleString toString valueOf prototype then',
);

/** Words that no variable may be called, and the globals that generated code uses. */
const reserved = words(
  'arguments await break case catch class const continue debugger default delete do else enum eval export extends',
  'false finally for function if implements import in instanceof interface let new null package private protected',
  'public return static super switch this throw true try typeof undefined var void while with yield async of',
  'AbortController AbortSignal Array ArrayBuffer Atomics BigInt BigInt64Array BigUint64Array Blob Boolean DataView Date DecompressionStream Error Float32Array',
  'Float64Array Function Infinity Int8Array Int16Array Int32Array JSON Map Math NaN Number Object Promise Proxy',
  'RangeError Record Reflect RegExp Response Set SharedArrayBuffer String Symbol SyntaxError TextDecoder TextEncoder TypeError URL',
  'Uint8Array Uint8ClampedArray Uint16Array Uint32Array WeakMap WebAssembly Worker atob btoa clearTimeout console crypto',
  'document exports global globalThis isFinite isNaN module navigator parseFloat parseInt performance process',
  'queueMicrotask require self setTimeout structuredClone window',
);

/** Longer names are cut: they are for readers. */
const longest = 64;

/**
 * `logits.dense.W` is logits_dense_W, `W₁` is W1; letters of any alphabet stay. Valid in JavaScript and in WGSL, where two
 * underscores begin no name, and one alone is none.
 */
export function identifier(name: string): string {
  const plain = name.normalize('NFKC').replace(/[^\p{XID_Continue}]/gu, '_');
  const safe = /^\p{XID_Start}/u.test(plain) ? plain : `_${plain.replace(/^_+/, '')}`;
  return safe === '_' ? '_0' : [...safe].slice(0, longest).join('');
}

/** Names visible at one place; `inside` opens a block whose names are free again after it. */
export class Scope {
  private readonly taken = new Set<string>();

  constructor(
    used: Iterable<string> = reserved,
    private readonly outer?: Scope,
  ) {
    for (const name of used) this.taken.add(name);
  }

  /** The first of the names that is free, else the first with _2, _3 …; takes it. */
  take(...wanted: readonly [string, ...string[]]): string {
    const names = wanted.map(identifier);
    let free = names.find((name) => !this.has(name));
    for (let n = 2; free === undefined; n++) if (!this.has(`${names[0]}_${n}`)) free = `${names[0]}_${n}`;
    this.taken.add(free);
    return free;
  }

  /** A scope of variables that begins with the reserved words and these. */
  static with(used: Iterable<string>): Scope {
    return new Scope([...reserved, ...used]);
  }

  /** A scope of an object's fields, which may be called as variables must not. */
  static ofFields(used: Iterable<string>): Scope {
    return new Scope([...members, ...used]);
  }

  /** A block, in which these names are taken too. */
  inside(used: Iterable<string> = []): Scope {
    return new Scope(used, this);
  }

  private has(name: string): boolean {
    return this.taken.has(name) || (this.outer?.has(name) ?? false);
  }
}
