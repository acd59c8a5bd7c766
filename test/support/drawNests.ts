// Random shapes of nests, for properties of plan and lower.
import fc from 'fast-check';
import type { Blocks } from '../../src/ir/program.js';
import * as nests from './nests.js';
import type { Example } from './nests.js';
import * as windows from './windows.js';

const { batch } = nests;
const size = fc.integer({ min: 1, max: 20 });
const extent = fc.oneof(size, fc.constant(batch));

/** A nest of any kind, small enough to interpret. */
export const example: fc.Arbitrary<Example> = fc.oneof(
  fc
    .tuple(fc.constantFrom('A·B' as const, 'Aᵀ·B' as const, 'A·Bᵀ' as const), extent, extent, extent)
    .map(([form, m, n, k]) => nests.contraction(form, m, n, k)),
  fc.tuple(extent, size, size).map((a) => nests.backwards(...a)),
  fc.tuple(extent, size, size).map(([m, n, k]) => nests.dense(m, k, n)),
  fc.tuple(extent, size, size).map(([m, n, k]) => nests.updateByContraction(m, n, k)),
  fc
    .tuple(extent, fc.integer({ min: 1, max: 3 }), size, fc.integer({ min: 1, max: 9 }))
    .map((a) => nests.batched(...a)),
  fc
    .tuple(
      fc.constant(batch),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 8 }),
      size,
    )
    .map((a) => nests.headMerge(...a)),
  fc
    .tuple(
      fc.constant(2),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 7 }),
      fc.constantFrom(1, 2, 3),
    )
    .map((a) => nests.convolution(...a)),
  fc
    .tuple(fc.constant(2), fc.integer({ min: 1, max: 12 }), fc.constantFrom(1, 3))
    .map((a) => nests.guardedConvolution(...a)),
  fc.tuple(extent, extent).map((a) => nests.chain(...a)),
  fc.tuple(extent, extent).map((a) => nests.update(...a)),
  fc.tuple(extent, extent).map((a) => nests.rowRange(...a)),
  fc.tuple(extent, extent).map((a) => nests.softmax(...a)),
  fc.tuple(extent, extent).map((a) => nests.columnSums(...a)),
  fc.tuple(extent, extent).map((a) => nests.meanSquare(...a)),
  fc.tuple(extent, size).map((a) => nests.crossEntropyRows(...a)),
  fc.tuple(extent, size, size).map((a) => nests.gather(...a)),
  fc.tuple(extent, size, size, size).map((a) => nests.chosenRows(...a)),
  fc.tuple(extent, size, size).map((a) => nests.tableGradient(...a)),
  fc.tuple(size, size).map((a) => nests.paddedSums(...a)),
);

/** Convolutions and their gradients: of images or lines, with strides, groups and guards. */
export const exampleOfWindows: fc.Arbitrary<Example> = fc
  .record({
    batch: fc.constantFrom(2, batch),
    groups: fc.constantFrom(1, 1, 2, 3),
    inner: fc.constantFrom(1, 2, 3, 4, 8),
    outer: fc.constantFrom(1, 2, 5, 8, 9),
    side: fc.integer({ min: 1, max: 8 }),
    kernel: fc.integer({ min: 1, max: 3 }),
    stride: fc.constantFrom(1, 1, 2),
    padding: fc.constantFrom(0, 0, 1),
    lines: fc.boolean(),
  })
  .filter(({ side, kernel, padding }) => side + 2 * padding >= kernel)
  .chain(({ inner, outer, groups, lines, ...rest }) => {
    const w = { ...rest, groups, channels: inner * groups, outputs: outer * groups, ...(lines && { lines }) };
    const plain = { ...w, groups: 1, stride: 1, padding: 0 };
    const pools = [2, w.channels, w.side, w.kernel] as const;
    return fc.constantFrom(
      windows.forward(w),
      windows.byWeights(w),
      windows.byInput(plain),
      windows.maxPool(...pools),
      windows.maxPoolGradient(...pools),
    );
  });

/** How sums are cut: not at all, or in blocks that are much shorter than those of any target. */
export const drawnBlockings: fc.Arbitrary<Blocks | undefined> = fc.option(
  fc.record({
    most: fc.integer({ min: 1, max: 8 }),
    mostOfProducts: fc.integer({ min: 1, max: 8 }),
    length: fc.integer({ min: 1, max: 7 }),
  }),
  { nil: undefined },
);
