// Where boxes stand when some groups are open. The pages of graphs run this function themselves: it reads nothing but its arguments.
import type { Laid } from './layout.js';

/** A box, or an open group, within its group. */
export interface Placed {
  readonly key: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Of an open group. */
  readonly inner?: Arranged;
}

export interface Arranged {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly Placed[];
  readonly lines: readonly {
    readonly from: string;
    readonly to: string;
    readonly points: readonly (readonly [number, number])[];
  }[];
}

/**
 * Along each axis the plane is stretched where an open group is wider, or higher, than its box: by the most that any group there asks for.
 * Boxes that lay apart still do, and lines bend with them. `inside(key)` is the layout of a group that is open; `title` the height of its head.
 */
export function arrange(laid: Laid, inside: (key: string) => Laid | undefined, title: number): Arranged {
  const inners = laid.boxes.map(({ key }) => {
    const inner = inside(key);
    return inner && arrange(inner, inside, title);
  });
  const stretched = (
    spans: readonly { readonly from: number; readonly to: number; readonly by: number }[],
  ): ((at: number) => number) => {
    const ends = [...new Set(spans.flatMap(({ from, to }) => [from, to]))].sort((a, b) => a - b);
    return (at) => {
      let [sum, before] = [0, 0];
      for (const end of [...ends.filter((e) => e < at), at]) {
        const middle = (before + end) / 2;
        const most = spans.reduce((m, { from, to, by }) => (from <= middle && middle <= to ? Math.max(m, by) : m), 1);
        sum += (end - before) * most;
        before = end;
      }
      return Math.round(sum * 10) / 10;
    };
  };
  const spansOf = (start: 'x' | 'y', size: 'width' | 'height', more: number) =>
    laid.boxes.flatMap((box, i) => {
      const inner = inners[i];
      if (!inner) return [];
      return [{ from: box[start], to: box[start] + box[size], by: Math.max(1, (inner[size] + more) / box[size]) }];
    });
  const [alongX, alongY] = [stretched(spansOf('x', 'width', 0)), stretched(spansOf('y', 'height', title))];
  const boxes = laid.boxes.map((box, i): Placed => {
    const inner = inners[i];
    const [width, height] = inner ? [inner.width, inner.height + title] : [box.width, box.height];
    const middle = (alongX(box.x) + alongX(box.x + box.width)) / 2;
    const centre = (alongY(box.y) + alongY(box.y + box.height)) / 2;
    return { key: box.key, x: middle - width / 2, y: centre - height / 2, width, height, ...(inner && { inner }) };
  });
  return {
    width: alongX(laid.width),
    height: alongY(laid.height),
    boxes,
    lines: laid.lines.map(({ from, to, points }) => ({
      from,
      to,
      points: points.map(([x, y], i) => {
        const key = i === 0 ? from : i === points.length - 1 ? to : undefined;
        const at = laid.boxes.findIndex((box) => box.key === key);
        if (at < 0) return [alongX(x), alongY(y)] as const;
        // Ends lie on the borders of boxes, which do not stretch as the plane does.
        const [box, placed] = [laid.boxes[at], boxes[at]];
        return [
          placed.x + ((x - box.x) / box.width) * placed.width,
          placed.y + ((y - box.y) / box.height) * placed.height,
        ] as const;
      }),
    })),
  };
}
