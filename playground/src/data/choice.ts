// Which data a model is trained on: what a shared link holds of it.

/** A place in the plane, from -1 to 1 each way, and the class that it belongs to. */
export interface Point {
  readonly x: number;
  readonly y: number;
  readonly class: number;
}

/** How far the plane goes on which points are drawn. */
export const drawnOn = 1.15;

export type Plane = 'xor' | 'spirals' | 'moons';

export type DataChoice =
  /** `points`: as they were drawn; absent: those that the playground makes. */
  | { readonly kind: Plane; readonly points?: readonly Point[] }
  /** What the playground brings along. */
  | { readonly kind: 'iris' | 'digits' }
  /** `text`: the user's own. */
  | { readonly kind: 'text'; readonly text?: string }
  /** The user's own file. */
  | { readonly kind: 'csv'; readonly name: string; readonly text: string };

export const kinds: Readonly<Record<DataChoice['kind'], string>> = {
  xor: 'Exclusive or',
  spirals: 'Spirals',
  moons: 'Moons',
  iris: 'Irises',
  digits: 'Handwritten digits',
  text: 'Text',
  csv: 'Your own csv',
};

export function isPlane(choice: DataChoice): choice is Extract<DataChoice, { kind: Plane }> {
  return choice.kind === 'xor' || choice.kind === 'spirals' || choice.kind === 'moons';
}
