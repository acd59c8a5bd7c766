// Names of the model as names of JavaScript: what cannot stand in an identifier is replaced, and nothing is named twice.

/** Words that no variable may be called, and the globals that generated code uses. */
const reserved: readonly string[] = (
  'arguments await break case catch class const continue debugger default delete do else enum eval export extends ' +
  'false finally for function if implements import in instanceof interface let new null package private protected ' +
  'public return static super switch this throw true try typeof undefined var void while with yield async of ' +
  'Array ArrayBuffer BigInt64Array BigUint64Array DataView Date Error Float32Array Float64Array Infinity Int32Array ' +
  'JSON Map Math NaN Number Object Promise RangeError Record Set String TextDecoder TextEncoder TypeError ' +
  'Uint8Array Uint32Array WebAssembly globalThis navigator setTimeout'
).split(' ');

/** `logits.dense.W` is logits_dense_W, `W₁` is W1; letters of any alphabet stay. */
export function identifier(name: string): string {
  const safe = name.normalize('NFKC').replace(/[^\p{ID_Continue}$]/gu, '_');
  return /^[\p{ID_Start}_$]/u.test(safe) ? safe : `_${safe}`;
}

/** A property in an object literal or an interface: quoted where it has to be. */
export function propertyKey(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
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

  /** A scope that begins with the reserved words and these. */
  static with(used: Iterable<string>): Scope {
    return new Scope([...reserved, ...used]);
  }

  inside(): Scope {
    return new Scope([], this);
  }

  private has(name: string): boolean {
    return this.taken.has(name) || (this.outer?.has(name) ?? false);
  }
}
