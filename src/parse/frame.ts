/**
 * Places in code as V8 names them: a function name, a script's url, a line counted from 0.
 *
 * Format: `Runtime.CallFrame` of the Chrome DevTools Protocol,
 * https://chromedevtools.github.io/devtools-protocol/v8/Runtime/#type-CallFrame
 *
 *   {"functionName":"render","scriptId":"81","url":"file:///app/lib/view.mjs","lineNumber":11,"columnNumber":22}
 *   {"functionName":"parse","url":"/app/node_modules/@fastify/ajv/index.js","lineNumber":0,...}     CommonJS: a path
 *   {"functionName":"emit","url":"node:events","lineNumber":466,...}
 *   {"functionName":"(garbage collector)","url":"","lineNumber":-1,...}   also (idle), (program), (root)
 */
import type { Frame } from '../types.js';

export interface CallFrame { functionName: string; url: string; lineNumber: number; columnNumber: number }

/** A function of whyslow's own preload; facts leave it out or show it as ours. */
export const OWN_PACKAGE = 'whyslow';

/** `ownUrl`: path of the preload that wrote the profile. */
export function frameOf({ functionName, url, lineNumber }: CallFrame, ownUrl: string | null = null): Frame {
  const name = functionName === '' ? '(anonymous)' : functionName;
  const line = lineNumber >= 0 ? lineNumber + 1 : null;
  if (name === '(garbage collector)') return { name, file: null, line: null, kind: 'gc', origin: 'runtime', package: null };
  if (url === '') return { name, file: null, line: null, kind: 'native', origin: 'runtime', package: null };

  const file = pathOf(url);
  if (isRuntime(url)) return { name, file, line, kind: 'js', origin: 'runtime', package: null };
  if (ownUrl !== null && folderOf(file) === folderOf(ownUrl)) return { name, file, line, kind: 'js', origin: 'runtime', package: OWN_PACKAGE };
  const owner = packageOf(file);
  return { name, file, line, kind: url.startsWith('wasm:') ? 'native' : 'js', origin: owner === null ? 'app' : 'dependency', package: owner };
}

/** `file://` urls are decoded; what is no valid escape stays as it was. */
function pathOf(url: string): string {
  if (!url.startsWith('file://')) return url;
  const path = url.slice('file://'.length);
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** Node's own: `node:fs`; before Node 16 `internal/timers.js` and bare `events.js`. */
const isRuntime = (url: string): boolean => url.startsWith('node:') || url.startsWith('internal/') || /^_?[a-z][a-z_]*\.js$/.test(url);

const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/') + 1);

/** The innermost package: pnpm and nested installs have `node_modules` more than once. */
function packageOf(path: string): string | null {
  const marker = '/node_modules/';
  const at = path.lastIndexOf(marker);
  if (at < 0) return null;
  const [first = '', second] = path.slice(at + marker.length).split('/');
  if (first.startsWith('@') && second !== undefined) return `${first}/${second}`;
  return first === '' ? null : first;
}
