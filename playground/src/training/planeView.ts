// The plane in the colours of what the network tells of each place, with the points of the data, which are drawn on it.
import { classColours, colourOf, mixed, onTheme, type Colour } from '../page/colours.js';
import { element } from '../page/elements.js';
import { drawnOn, type Point } from '../data/choice.js';
import type { Look, Range } from './look.js';

type Plane = Extract<Look, { kind: 'plane' }>;

export interface PlaneView {
  readonly element: HTMLElement;
  /** `look`: absent before anything has been trained; `points`: instead of those that it was made with. */
  show(look: Plane | undefined, points: readonly Point[]): void;
  /** What a pointer or the keyboard does: adds points of this class, takes away those nearby, or nothing. */
  brush(brush: number | 'erase' | undefined): void;
  destroy(): void;
}

const usual: Range = { x: [-drawnOn, drawnOn], y: [-drawnOn, drawnOn] };
const [size, near, step] = [520, 0.06, 0.05];

/** `drawn` is called with all points, after each that was drawn or taken away. */
export function planeView(drawn: (points: readonly Point[]) => void): PlaneView {
  const canvas = element('canvas', { width: size, height: size, class: 'plane', role: 'img' });
  const context = canvas.getContext('2d');
  let [look, points, brush]: [Plane | undefined, readonly Point[], number | 'erase' | undefined] = [
    undefined,
    [],
    undefined,
  ];
  let cursor: { readonly x: number; readonly y: number } | undefined;

  const range = (): Range => look?.range ?? usual;
  const paint = (): void => {
    if (!context) return;
    const colours = classColours();
    const ground = colourOf('--ground');
    context.fillStyle = css(colourOf('--bar'));
    context.fillRect(0, 0, size, size);
    if (look) paintField(context, look, colours, ground);
    for (const point of points)
      paintPoint(context, placeOf(point, range()), colours[point.class % colours.length], ground);
    if (cursor) paintCursor(context, placeOf(cursor, range()), colourOf('--ink'));
  };
  /** The place of the cursor is part of the name, which is read aloud as it changes. */
  const name = (): void => {
    const place = cursor && `, at ${rounded(cursor.x)}, ${rounded(cursor.y)}`;
    canvas.setAttribute('aria-label', `${described(look, points)}${place ?? ''}`);
  };
  const use = (x: number, y: number): void => {
    if (brush === undefined) return;
    const left = points.filter((point) => Math.hypot(point.x - x, point.y - y) > near);
    const next = brush === 'erase' ? left : [...points, { x: rounded(x), y: rounded(y), class: brush }];
    if (next.length === points.length && brush === 'erase') return;
    points = next;
    drawn(points);
    paint();
  };
  listen(canvas, range, use);
  canvas.addEventListener('keydown', (event) => {
    const moves: Readonly<Record<string, readonly [number, number]>> = {
      ArrowLeft: [-step, 0],
      ArrowRight: [step, 0],
      ArrowUp: [0, step],
      ArrowDown: [0, -step],
    };
    const move = moves[event.key];
    if (brush === undefined || (!move && event.key !== ' ' && event.key !== 'Enter')) return;
    event.preventDefault();
    cursor ??= { x: 0, y: 0 };
    if (move) cursor = { x: within(cursor.x + move[0], range().x), y: within(cursor.y + move[1], range().y) };
    else use(cursor.x, cursor.y);
    name();
    paint();
  });
  canvas.addEventListener('blur', () => {
    cursor = undefined;
    name();
    paint();
  });
  const forget = onTheme(paint);
  return {
    element: canvas,
    show(next, own) {
      [look, points] = [next, own];
      name();
      paint();
    },
    brush(next) {
      brush = next;
      canvas.classList.toggle('drawable', next !== undefined);
      canvas.tabIndex = next === undefined ? -1 : 0;
      canvas.setAttribute('role', next === undefined ? 'img' : 'application');
      if (next === undefined) canvas.removeAttribute('aria-description');
      else canvas.setAttribute('aria-description', 'Arrow keys move, space draws or erases.');
    },
    destroy: forget,
  };
}

/** A pointer that goes down, and moves on, as places of the plane. */
function listen(canvas: HTMLCanvasElement, range: () => Range, use: (x: number, y: number) => void): void {
  let last = { x: NaN, y: NaN };
  const at = (event: PointerEvent): void => {
    const box = canvas.getBoundingClientRect();
    const { x, y } = range();
    const place = {
      x: x[0] + ((x[1] - x[0]) * (event.clientX - box.left)) / box.width,
      y: y[1] - ((y[1] - y[0]) * (event.clientY - box.top)) / box.height,
    };
    // A stroke leaves some room between its points.
    if (Math.hypot(place.x - last.x, place.y - last.y) < 0.07) return;
    last = place;
    use(place.x, place.y);
  };
  canvas.addEventListener('pointerdown', (event) => {
    canvas.setPointerCapture(event.pointerId);
    last = { x: NaN, y: NaN };
    at(event);
  });
  canvas.addEventListener('pointermove', (event) => {
    if (event.buttons > 0) at(event);
  });
}

function described(look: Plane | undefined, points: readonly Point[]): string {
  const classes = new Set(points.map((point) => point.class)).size;
  const said = `${points.length} points of ${classes} ${classes === 1 ? 'class' : 'classes'} in the plane`;
  return look ? `${said}, on the colours of what the network tells` : said;
}

function placeOf({ x, y }: { readonly x: number; readonly y: number }, range: Range): readonly [number, number] {
  const along = (value: number, [low, high]: readonly [number, number]): number =>
    (size * (value - low)) / (high - low);
  return [along(x, range.x), size - along(y, range.y)];
}

function paintField(context: CanvasRenderingContext2D, look: Plane, colours: readonly Colour[], ground: Colour): void {
  const { side, told } = look;
  const image = new ImageData(side, side);
  for (let i = 0; i < side * side; i++) {
    // Rows of pictures go down, those of the plane up.
    const to = 4 * ((side - 1 - Math.floor(i / side)) * side + (i % side));
    const colour = mixed(
      ground,
      told.classes === 1
        ? between(told.values[i], colours)
        : among(told.values, i * told.classes, told.classes, colours),
      0.55,
    );
    image.data.set([...colour, 255], to);
  }
  const small = new OffscreenCanvas(side, side);
  small.getContext('2d')?.putImageData(image, 0, 0);
  context.imageSmoothingEnabled = true;
  context.drawImage(small, 0, 0, size, size);
}

function between(value: number, colours: readonly Colour[]): Colour {
  return mixed(colours[0], colours[1], Math.min(1, Math.max(0, value)));
}

function among(values: Float32Array, from: number, count: number, colours: readonly Colour[]): Colour {
  const sum = [0, 0, 0];
  for (let k = 0; k < count; k++) colours[k % colours.length].forEach((part, i) => (sum[i] += part * values[from + k]));
  return [sum[0], sum[1], sum[2]];
}

function paintPoint(
  context: CanvasRenderingContext2D,
  [x, y]: readonly [number, number],
  colour: Colour,
  ground: Colour,
): void {
  context.beginPath();
  context.arc(x, y, 5, 0, 2 * Math.PI);
  context.fillStyle = css(colour);
  context.fill();
  context.lineWidth = 1.5;
  context.strokeStyle = css(ground);
  context.stroke();
}

function paintCursor(context: CanvasRenderingContext2D, [x, y]: readonly [number, number], colour: Colour): void {
  context.strokeStyle = css(colour);
  context.lineWidth = 2;
  context.beginPath();
  context.arc(x, y, 10, 0, 2 * Math.PI);
  context.moveTo(x - 15, y);
  context.lineTo(x + 15, y);
  context.moveTo(x, y - 15);
  context.lineTo(x, y + 15);
  context.stroke();
}

function css(colour: Colour): string {
  return `rgb(${colour.map(Math.round).join(' ')})`;
}

function within(value: number, [low, high]: readonly [number, number]): number {
  return Math.min(high, Math.max(low, value));
}

function rounded(value: number): number {
  return Math.round(1000 * value) / 1000;
}
