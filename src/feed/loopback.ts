import { isIP } from 'node:net';
import { assertLoopback } from '../load/loopback.js';

/** Figures of a server tell more than its owner may want others to know. Errors: usage. */
export const mayPostTo = async (url: string, allowRemote: boolean): Promise<void> =>
  void await assertLoopback(url, allowRemote, 'figures are sent only to');

/** Of an address to listen on. */
export const isLoopbackName = (host: string): boolean => host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
