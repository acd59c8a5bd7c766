// Where to cut a chain of tensors, of which each segment is made again from what the segments before it hand on.

export interface Tensor {
  readonly size: number;
  /** The position in the list of the last tensor made from this one; its own where there is none. */
  readonly lastReader: number;
}

/**
 * The segment of each tensor, so that what crosses the cuts and the largest segment together take little. For a limit of the segments'
 * size the cheapest cuts are found exactly; limits are tried from the whole down. A chain of n equal tensors gets about √n segments.
 */
export function segmentsOf(tensors: readonly Tensor[]): number[] {
  const total = tensors.reduce((sum, t) => sum + t.size, 0);
  const crossing = crossingsOf(tensors);
  const most = Math.min(tensors.length, Math.ceil(4 * Math.sqrt(tensors.length)));
  let best: { readonly starts: readonly number[]; readonly size: number } = { starts: [0], size: total };
  for (let count = 2; count <= most; count++) {
    const found = cut(tensors, crossing, total / count);
    if (found.size < best.size) best = found;
  }
  let segment = -1;
  return tensors.map((_, i) => (best.starts.includes(i) ? ++segment : segment));
}

/** What tensors before each position are read from there on. */
function crossingsOf(tensors: readonly Tensor[]): number[] {
  return tensors.map((_, place) =>
    tensors.slice(0, place).reduce((sum, t) => (t.lastReader >= place ? sum + t.size : sum), 0),
  );
}

/** The cuts of least crossings between segments of at most `limit`, and what they and the largest segment take. */
function cut(
  tensors: readonly Tensor[],
  crossing: readonly number[],
  limit: number,
): { readonly starts: readonly number[]; readonly size: number } {
  // Of the first n tensors: the least sum of crossings, and where the last segment starts.
  const least: { readonly sum: number; readonly start: number; readonly segment: number }[] = [
    { sum: 0, start: 0, segment: 0 },
  ];
  for (let end = 1; end <= tensors.length; end++) {
    let size = 0;
    let best = { sum: Infinity, start: 0, segment: 0 };
    for (let start = end - 1; start >= 0; start--) {
      size += tensors[start].size;
      if (size > limit && start < end - 1) break;
      const sum = least[start].sum + (start === 0 ? 0 : crossing[start]);
      if (sum < best.sum) best = { sum, start, segment: size };
    }
    least.push(best);
  }
  const starts: number[] = [];
  let largest = 0;
  for (let end = tensors.length; end > 0; end = least[end].start) {
    starts.unshift(least[end].start);
    largest = Math.max(largest, least[end].segment);
  }
  return { starts, size: (least.at(-1)?.sum ?? 0) + largest };
}
