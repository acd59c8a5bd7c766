// An ONNX model as it is built, before it becomes bytes.

/** Element types by their names, with their numbers in the format. */
export const elementTypes = { float: 1, int32: 6, int64: 7, bool: 9, double: 11 } as const;

export type ElementName = keyof typeof elementTypes;

/** A tensor in the file: little-endian, row-major. */
export interface StoredTensor {
  readonly name: string;
  readonly type: ElementName;
  readonly dims: readonly number[];
  readonly bytes: Uint8Array;
}

/** What a value is declared as. A dimension is a number, or a name for what is known at run time alone. */
export interface Declared {
  readonly name: string;
  readonly type: ElementName;
  readonly dims: readonly (number | string)[];
}

export type Attribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly text: string }
  | { readonly ints: readonly number[] }
  | { readonly graph: Graph };

export interface Operation {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

export interface Graph {
  readonly name: string;
  readonly operations: readonly Operation[];
  readonly stored: readonly StoredTensor[];
  readonly inputs: readonly Declared[];
  readonly outputs: readonly Declared[];
}

export interface Model {
  readonly graph: Graph;
  readonly opset: number;
  readonly producer: { readonly name: string; readonly version: string };
  /** For readers: what the model is, and where it comes from. */
  readonly description: string;
  readonly metadata: Readonly<Record<string, string>>;
}
