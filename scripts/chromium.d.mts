// What tests know of scripts/chromium.mjs.
export declare const advice: string;
export declare function find(): { readonly chromium?: string; readonly driver?: string };
export declare function environmentOf(path: string): Readonly<Record<string, string>>;
/** An option of Dawn: it zeroes by a loop what a workgroup shares. */
export declare const zeroes: string;
