import { METHODS } from 'node:http';
import { usageError } from '../errors.js';
import type { LoadSettings } from '../types.js';

/** field-name and method, RFC 9110 section 5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Field values must not break out of their line, RFC 9110 section 5.5. */
const FORBIDDEN = /[\r\n\0]/;

/**
 * The bytes of one request: the same for every tool, so that figures compare.
 * `Connection` is always said, since HTTP/1.0 servers keep a connection only when asked.
 */
export function requestBytes(url: string, settings: LoadSettings): Buffer {
  const { pathname, search, host, username, password } = new URL(url);
  const { method, headers, body, keepAlive } = settings;
  if (!METHODS.includes(method) || method === 'CONNECT') throw usageError(`--method ${method}: not an HTTP method that a load can be made of`);
  for (const [name, value] of headers) {
    if (!TOKEN.test(name)) throw usageError(`--header: ${JSON.stringify(name)} is not a header name`);
    if (FORBIDDEN.test(value)) throw usageError(`--header ${name}: the value holds a line break or NUL`);
  }
  const given = new Set(headers.map(([name]) => name.toLowerCase()));
  const lines = [`${method} ${pathname}${search} HTTP/1.1`];
  const add = (name: string, value: string) => { if (!given.has(name.toLowerCase())) lines.push(`${name}: ${value}`); };
  add('Host', host);
  if (!keepAlive) given.delete('connection');
  add('Connection', keepAlive ? 'keep-alive' : 'close');
  if (username) add('Authorization', `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}`);
  const payload = Buffer.from(body ?? '');
  const chunked = given.has('transfer-encoding');
  if (!chunked && (body !== null || ['POST', 'PUT', 'PATCH'].includes(method))) add('Content-Length', String(payload.length));
  for (const [name, value] of headers) {
    if (keepAlive || name.toLowerCase() !== 'connection') lines.push(`${name}: ${value}`);
  }
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'utf8'), payload]);
}
