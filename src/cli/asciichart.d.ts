// What the command line uses of asciichart, which comes without types.
declare module 'asciichart' {
  interface Settings {
    readonly height?: number;
    readonly colors?: readonly string[];
    readonly format?: (value: number) => string;
  }
  const asciichart: {
    plot(series: readonly (readonly number[])[], settings?: Settings): string;
    readonly cyan: string;
    readonly yellow: string;
    readonly reset: string;
  };
  // eslint-disable-next-line import/no-default-export
  export default asciichart;
}
