// What a request that cannot be fulfilled is answered with: a value of the protocol's library, which is loaded where a connection is.
import { ResponseError } from 'vscode-languageserver';

/** What cannot be done, and why: the protocol's RequestFailed. */
export function failure(message: string): Error {
  return new ResponseError(-32803, message);
}
