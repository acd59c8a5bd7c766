// Tables in plain text: columns aligned, numbers to the right, as wide as they need to be.
import pc from 'picocolors';

export interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
}

/** Lines of a table. On a terminal the titles are dim, and lines end where the screen does. */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  terminal: { readonly colour: boolean; readonly width?: number },
): string[] {
  const widths = columns.map(({ title }, i) => Math.max(title.length, ...rows.map((row) => row[i].length)));
  const line = (cells: readonly string[]): string => {
    const padded = cells.map((cell, i) =>
      columns[i].align === 'left' ? cell.padEnd(widths[i]) : cell.padStart(widths[i]),
    );
    const text = padded.join('  ').trimEnd();
    const { width = Infinity } = terminal;
    return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
  };
  const colors = pc.createColors(terminal.colour);
  return [colors.dim(line(columns.map(({ title }) => title))), ...rows.map(line)];
}
