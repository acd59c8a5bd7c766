// Sources with marks: `^` points at what stands above it.

export interface Marks {
  readonly text: string;
  readonly places: readonly { readonly line: number; readonly character: number }[];
}

/** The source without its lines of marks, and where they point. */
export function marked(source: string): Marks {
  const lines: string[] = [];
  const places: { line: number; character: number }[] = [];
  for (const line of source.split('\n'))
    if (/^[ ^]*\^[ ^]*$/.test(line))
      for (const { index } of line.matchAll(/\^/g)) places.push({ line: lines.length - 1, character: index });
    else lines.push(line);
  return { text: lines.join('\n'), places };
}
