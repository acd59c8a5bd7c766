// What a trainer allocates, counted by the module itself.

/**
 * Goes before a module in JavaScript: every array with memory of its own is counted, and memories of WebAssembly are kept in sight.
 * `allocated()` gives the bytes so far.
 */
export const memoryCounting = `
const counted = [];
const count = (Base) => class extends Base {
  constructor(...given) {
    super(...given);
    if (!(given[0] instanceof globalThis.ArrayBuffer)) counted.push(this);
  }
  static get [Symbol.species]() { return Base; }
};
const ArrayBuffer = count(globalThis.ArrayBuffer);
const Float32Array = count(globalThis.Float32Array);
const Int32Array = count(globalThis.Int32Array);
const memories = [];
const WebAssembly = Object.assign(Object.create(globalThis.WebAssembly), {
  Memory: class extends globalThis.WebAssembly.Memory {
    constructor(given) { super(given); memories.push(this); }
  },
});
export const allocated = () =>
  memories.reduce((sum, m) => sum + m.buffer.byteLength, counted.reduce((sum, a) => sum + a.byteLength, 0));
`;
