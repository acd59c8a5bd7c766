// What tests know of scripts/chromium.mjs.
export declare const advice: string;
export declare function find(): { readonly chromium?: string; readonly driver?: string };
export declare function environmentOf(path: string): Readonly<Record<string, string>>;
