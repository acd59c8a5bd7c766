// Which data a model is trained on: what a shared link holds of it.
import { classCount } from '../page/colours.js';

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

/** What a link says of its data, which anybody may have written; undefined where that is nothing that this page has. */
export function choiceIn(said: unknown): DataChoice | undefined {
  if (typeof said !== 'object' || said === null) return undefined;
  const { kind, points, text, name } = said as Partial<Record<string, unknown>>;
  switch (kind) {
    case 'xor':
    case 'spirals':
    case 'moons':
      if (points === undefined) return { kind };
      return Array.isArray(points) && points.every(isPoint) ? { kind, points } : undefined;
    case 'iris':
    case 'digits':
      return { kind };
    case 'text':
      if (text === undefined) return { kind };
      return typeof text === 'string' ? { kind, text } : undefined;
    case 'csv':
      return typeof text === 'string' && typeof name === 'string' ? { kind, name, text } : undefined;
    default:
      return undefined;
  }
}

function isPoint(said: unknown): said is Point {
  if (typeof said !== 'object' || said === null) return false;
  const { x, y, class: of } = said as Partial<Record<keyof Point, unknown>>;
  const isThere = (at: unknown): boolean => typeof at === 'number' && Math.abs(at) <= drawnOn;
  return isThere(x) && isThere(y) && typeof of === 'number' && Number.isInteger(of) && of >= 0 && of < classCount;
}
