// The library that reads parquet files: a bundle of its own, loaded when one is read.
import { parquetMetadataAsync, parquetRead, parquetSchema, type SchemaTree } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';

/** Bytes at any place of a file. */
export interface FileBytes {
  readonly byteLength: number;
  slice(start: number, end?: number): Promise<ArrayBuffer>;
}

/** What a parquet file says of itself. */
export interface ParquetTable {
  /** The names of its columns. */
  readonly names: readonly string[];
  /** Those of them that hold nothing but numbers of 32 bits or fewer. */
  readonly singles: ReadonlySet<string>;
  /** How many rows each of its groups has. */
  readonly groups: readonly number[];
  /** The values of columns in the rows of a group, which go from `start` up to `end`, by name. */
  read(names: readonly string[], start: number, end: number): Promise<ReadonlyMap<string, readonly unknown[]>>;
}

function isSingle({ element, children }: SchemaTree): boolean {
  if (children.length > 0) return children.every(isSingle);
  return element.type === 'FLOAT' || element.logical_type?.type === 'FLOAT16';
}

/** Opens a parquet file. What is wrong with it is an `Error` of the library. */
export async function openParquet(file: FileBytes): Promise<ParquetTable> {
  const metadata = await parquetMetadataAsync(file);
  const columns = parquetSchema(metadata).children;
  return {
    names: columns.map(({ element }) => element.name),
    singles: new Set(columns.filter(isSingle).map(({ element }) => element.name)),
    groups: metadata.row_groups.map((group) => Number(group.num_rows)),
    async read(names, rowStart, rowEnd) {
      const found = new Map(names.map((name): [string, unknown[]] => [name, []]));
      const onChunk = (chunk: { columnName: string; columnData: ArrayLike<unknown>; rowStart: number }): void => {
        const values = found.get(chunk.columnName);
        // What the file says of the number of rows may be anything; what came is there.
        for (let i = 0; values && i < chunk.columnData.length; i++) {
          const at = chunk.rowStart + i - rowStart;
          if (at === values.length) values.push(chunk.columnData[i]);
        }
      };
      await parquetRead({ file, metadata, columns: [...names], rowStart, rowEnd, compressors, onChunk });
      for (const [name, values] of found)
        if (values.length !== rowEnd - rowStart)
          throw new Error(`column ${name} has ${values.length} rows where there should be ${rowEnd - rowStart}`);
      return found;
    },
  };
}
