// The language server, in a worker of its own: it answers whoever holds the other end of the port.
export { serveOver } from '../../../../src/server/browser.js';
