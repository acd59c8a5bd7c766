// What the pictures of examples are made with: a model compiled as a program would, and plots side by side as one SVG.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { crc32, deflateSync } from 'node:zlib';
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { compile } from '../dist/index.js';

export { Plot };

const { document } = parseHTML('<!doctype html><html><body></body></html>');

/**
 * Compiles the .nn file at a URL to WebAssembly, with model parameters as `set` has them. Returns its module (`createTrainer`, `model`) and
 * the settings of its train block.
 */
export async function compileModel(url, set = {}) {
  const file = fileURLToPath(url);
  const { code, diagnostics, model } = await compile(
    { file, text: readFileSync(file, 'utf8') },
    { target: 'wasm', language: 'js', set },
  );
  if (code === undefined) throw new Error(diagnostics.map(({ message }) => message).join('\n'));
  const module = await import(`data:text/javascript;base64,${Buffer.from(code).toString('base64')}`);
  return { ...module, settings: model.train };
}

/** One plot, in the style of all: `options` are those of Plot.plot, and `title` is written above it. */
export function plot({ title, ...options }) {
  const marks = [Plot.frame({ stroke: '#ccc' }), ...options.marks];
  const drawn = Plot.plot({ width: 380, height: 270, marginLeft: 52, marginTop: 36, ...options, marks, document });
  const text = document.createElementNS('http://www.w3.org/2000/svg', 'text');
  for (const [name, value] of Object.entries({ x: 12, y: 16, 'text-anchor': 'start', 'font-weight': 'bold' }))
    text.setAttribute(name, value);
  text.textContent = title;
  drawn.append(text);
  return drawn;
}

/** Grey pictures of width × height pixels (values from 0 to 1, row after row), in rows of so many: the address of a PNG, for Plot.image. */
export function greyPicture(pictures, { width, height, columns, gap = 2 }) {
  const rows = Math.ceil(pictures.length / columns);
  const [wide, high] = [columns * (width + gap) - gap, rows * (height + gap) - gap];
  // Each line of a PNG begins with its filter: 0, none.
  const bytes = Buffer.alloc(high * (wide + 1), 255);
  for (let y = 0; y < high; y++) bytes[y * (wide + 1)] = 0;
  pictures.forEach((picture, n) => {
    const [left, top] = [(n % columns) * (width + gap), Math.floor(n / columns) * (height + gap)];
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        bytes[(top + y) * (wide + 1) + 1 + left + x] = Math.round(255 * (1 - picture[y * width + x]));
  });
  return { src: `data:image/png;base64,${pngOf(bytes, wide, high).toString('base64')}`, width: wide, height: high };
}

/** A plot that is such a picture, `scale` times as large, with words beside its rows. */
export function pictures({ title, image, scale = 1, rows = [], marginLeft = 12 }) {
  const [width, height] = [image.width * scale, image.height * scale];
  const between = image.height / Math.max(rows.length, 1);
  return plot({
    title,
    width: width + marginLeft + 12,
    height: height + 48,
    marginLeft,
    marginRight: 12,
    marginBottom: 12,
    x: { axis: null, domain: [0, image.width] },
    y: {
      domain: [image.height, 0],
      ticks: rows.map((_, i) => between * (i + 0.5)),
      tickFormat: (y) => rows[Math.floor(y / between)],
      label: null,
      tickSize: 0,
    },
    marks: [
      Plot.image([{ x: image.width / 2, y: image.height / 2 }], {
        x: 'x',
        y: 'y',
        src: () => image.src,
        width,
        height,
        preserveAspectRatio: 'none',
      }),
    ],
  });
}

/** 8 bits of grey a pixel. */
function pngOf(lines, width, height) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8;
  const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(lines, { level: 9 })),
    chunk('IEND'),
  ]);
}

function chunk(name, content = Buffer.alloc(0)) {
  const body = Buffer.concat([Buffer.from(name, 'latin1'), content]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(content.length);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}

/** Plots side by side on white, as the text of an SVG file. */
export function beside(...plots) {
  let x = 0;
  for (const drawn of plots) {
    drawn.setAttribute('x', x);
    x += Number(drawn.getAttribute('width'));
  }
  const height = Math.max(...plots.map((drawn) => Number(drawn.getAttribute('height'))));
  const inside = plots.map(({ outerHTML }) => outerHTML).join('\n');
  // Coordinates to a hundredth of a pixel; what stands as text keeps its digits.
  const short = inside.replace(/(?<![>\d])\d+\.\d{3,}/g, (number) => String(Number(Number(number).toFixed(2))));
  return `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 ${x} ${height}" width="${x}" height="${height}">
<rect width="${x}" height="${height}" fill="white"/>
${short}
</svg>
`;
}
