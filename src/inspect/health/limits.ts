// The limits beyond which a run is warned of something, each with its reason. docs/runs.md has them in words.

interface Limit {
  readonly value: number;
  readonly why: string;
}

export const limits = {
  epochs: { value: 8, why: 'fewer epochs tell nothing of a trend' },
  updates: { value: 100, why: 'fewer updates may rightly change little' },
  stuck: { value: 1e-3, why: 'a share of the loss: the noise of summing up batches is a tenth of that' },
  rising: { value: 1.25, why: 'the loss of a validation rises and falls by a tenth between epochs of healthy runs' },
  learning: { value: 0.9, why: 'what is learnt from must go on falling meanwhile, else both rise for another reason' },
  deadShare: { value: 0.4, why: 'healthy layers have a tenth of units that no row of a few batches wakes' },
  rowsOfLook: { value: 64, why: 'so many rows tell how activations are spread' },
  deadRows: {
    value: 192,
    why: 'a unit that one row in fifty wakes is silent in so many one after another once in fifty times',
  },
  vanishing: {
    value: 1e-5,
    why: 'a step that suits one layer does nothing to the other; transformers and deep convolutions stay above 1e-3',
  },
  vanishingLooks: { value: 4, why: 'layers behind one that starts with zeros have small gradients at first' },
  exploding: { value: 1e5, why: 'the same between layers, the other way round' },
  explodingWeights: {
    value: 100,
    why: 'times the norm of the largest weight: one step of gradient descent with a rate of 0.01 would be as large as that',
  },
  growth: {
    value: 1e3,
    why: 'times the first gradient: what is learnt makes gradients smaller, seldom ten times larger',
  },
  stride: {
    value: 3,
    why: 'a step that moves a weight by several times what it started from forgets how it was initialized; 0.3 is much already',
  },
  strides: { value: 3, why: 'one large step may be a warm start' },
  largestFeature: {
    value: 30,
    why: 'weights are initialized for values about 1, and the loss is as much steeper as the square of that',
  },
  smallestFeature: { value: 1e-3, why: 'the same the other way round' },
  classesOfBatch: {
    value: 0.5,
    why: 'of the classes that a shuffled batch of this size would hold; chance alone stays above nine tenths',
  },
  batchesSeen: { value: 16, why: 'so many batches show what classes there are' },
  earlyEnd: { value: 0.5, why: 'half of a run at a rate that is almost 0 is lost' },
  lateEnd: {
    value: 2,
    why: 'a run that ends in the first half of its schedule never sees the small rates it is there for',
  },
  restOfRate: { value: 0.1, why: 'a schedule that ends at more of its largest rate goes on learning' },
} as const satisfies Readonly<Record<string, Limit>>;
