// What a module declares, before it is text.

export interface Parameter {
  readonly name: string;
  readonly type: string;
  readonly default?: string;
}

export interface Property {
  /** As it is written: quoted where it has to be. */
  readonly name: string;
  readonly type: string;
  readonly doc?: string;
  readonly optional?: true;
}

/** A top-level declaration. A comment is text with its `//`, a doc is without its stars. */
export type Definition =
  | {
      readonly kind: 'function';
      readonly name: string;
      readonly comment?: string;
      readonly doc?: string;
      readonly exported?: true;
      readonly async?: true;
      readonly parameters: readonly Parameter[];
      readonly returns: string;
      readonly body: string;
    }
  | {
      readonly kind: 'interface';
      readonly name: string;
      readonly doc?: string;
      readonly exported?: true;
      readonly properties: readonly Property[];
    }
  | { readonly kind: 'text'; readonly text: string };

/** How definitions become the text of a module, and the text its form: another writer serves who runs a module and does not read it. */
export interface Writer {
  /** The definitions as unformatted text, a blank line between any two. */
  print(definitions: readonly Definition[]): Promise<string>;
  format(code: string): Promise<string>;
  /** Whether binaries are packed, which makes the text shorter and takes a while. */
  readonly packs: boolean;
}
