// Rows on the page of a run: those that the model gets most wrong, and some that it gets right, images as pictures.
import { escaped } from './print/markup.js';

/** Brightness from 0 to 255, channel after channel, in base64. */
export interface ShownPicture {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly pixels: string;
}

export interface ShownRow {
  /** In the source, from 0. */
  readonly number: number;
  readonly values: string;
  readonly picture?: ShownPicture;
  readonly wanted: string;
  readonly got: string;
}

export interface RowReport {
  /** Of which rows. */
  readonly said: string;
  readonly wrong: readonly ShownRow[];
  readonly right: readonly ShownRow[];
  /** What is true, and what is predicted, of numbers. */
  readonly points?: readonly (readonly [wanted: number, got: number])[];
}

export function rowSections({ said, wrong, right, points }: RowReport): string {
  const title = points ? 'Rows that it is furthest off' : wrong.length > 0 ? 'Rows that it gets most wrong' : '';
  const none = points ? '' : `<section><h2>Rows that it gets wrong</h2><p>None ${escaped(said)}.</p></section>`;
  const first = title === '' ? none : section(`${title}, ${said}`, wrong);
  return `${first}${right.length > 0 ? section('Some that it gets right', right) : ''}`;
}

function section(title: string, rows: readonly ShownRow[]): string {
  const pictures = rows.every(({ picture }) => picture);
  return `<section><h2>${escaped(title)}</h2>${pictures ? cards(rows) : table(title, rows)}</section>`;
}

function cards(rows: readonly ShownRow[]): string {
  const each = rows.map(({ number, picture, wanted, got }) => {
    const said = wanted === got ? `${wanted}` : `${got}, but is ${wanted}`;
    return `<figure>${picture ? canvas(picture, `row ${number}: ${said}`) : ''}<figcaption>${escaped(said)}<small>row ${number}</small></figcaption></figure>`;
  });
  return `<div class="cards">${each.join('')}</div>`;
}

function table(title: string, rows: readonly ShownRow[]): string {
  const body = rows.map(
    ({ number, values, picture, wanted, got }) =>
      `<tr><th scope="row">${number}</th><td>${picture ? canvas(picture, `row ${number}`) : ''}${escaped(values)}</td><td>${escaped(wanted)}</td><td>${escaped(got)}</td></tr>`,
  );
  return `<div class="wide" tabindex="0" role="region" aria-label="${escaped(title)}"><table><thead><tr><th scope="col">row</th><th scope="col">given</th><th scope="col">true</th><th scope="col">predicted</th></tr></thead><tbody>${body.join('')}</tbody></table></div>`;
}

/** The script of the page paints it. */
function canvas({ width, height, channels, pixels }: ShownPicture, label: string): string {
  return `<canvas class="picture" role="img" aria-label="${escaped(label)}" width="${width}" height="${height}" data-channels="${channels}" data-pixels="${pixels}"></canvas>`;
}
