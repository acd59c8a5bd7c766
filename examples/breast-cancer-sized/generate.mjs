// Writes cells.csv: made-up measurements of 569 samples, 212 of them malignant, 30 numbers each.
// The size is that of the Wisconsin breast cancer data; the numbers are drawn here and say nothing about medicine.
import { writeFileSync } from 'node:fs';

/** A small generator of uniform numbers (mulberry32), so that every run writes the same file. */
function uniform(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const next = uniform(2026);
const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());

const samples = 569;
const features = 30;
// Real measurements go together: each is a mixture of six hidden quantities, of which two differ between the kinds.
const hidden = 6;
const mixture = Array.from({ length: features }, () => Array.from({ length: hidden }, normal));
const shift = [3.6, 1.8, 0, 0, 0, 0];

const rows = Array.from({ length: samples }, (_, i) => {
  const malignant = Math.floor(((i + 1) * 212) / samples) > Math.floor((i * 212) / samples) ? 1 : 0;
  const quantities = shift.map((by) => normal() + (malignant - 0.5) * by);
  const numbers = mixture.map((weights) => {
    const mixed = weights.reduce((sum, weight, k) => sum + weight * quantities[k], 0);
    return (mixed / Math.sqrt(hidden) + 0.5 * normal()).toFixed(3);
  });
  return [...numbers, malignant].join(',');
});
const header = [...Array.from({ length: features }, (_, i) => `f${i + 1}`), 'malignant'].join(',');
writeFileSync(new URL('cells.csv', import.meta.url), `${[header, ...rows].join('\n')}\n`);
