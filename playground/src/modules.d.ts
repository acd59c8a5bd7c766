/// <reference types="vite/client" />
// Models as text, which Vite gives for `?raw`.
declare module '*.nn?raw' {
  const text: string;
  // oxlint-disable-next-line import/no-default-export
  export default text;
}
declare module '*.css';

// Data that is brought along (brought.ts): text, or bytes deflated in base64.
declare module 'brought:*' {
  export const data: string;
}
