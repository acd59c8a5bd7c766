// Which data a model is trained on: what a shared link holds of it.

/** Points of a plane, each of a class. */
export interface Point {
  readonly x: number;
  readonly y: number;
  readonly class: number;
}

export type DataChoice =
  /** Points in a square from -1 to 1; `points`: as they were drawn, else made anew. */
  | { readonly kind: 'xor' | 'spirals' | 'moons'; readonly points?: readonly Point[] }
  /** Data that the playground brings along. */
  | { readonly kind: 'iris' | 'digits' }
  | { readonly kind: 'text'; readonly text?: string }
  /** The user's own file; `columns` as in `csv(…)` of a train block. */
  | { readonly kind: 'csv'; readonly name: string; readonly text: string };
