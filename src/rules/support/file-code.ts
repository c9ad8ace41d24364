import type { Frame, HotFunctionsFact } from '../../types.js';
import { clamp } from './finding.js';

/** Where runtimes keep what reads, looks up and writes files synchronously. */
const FILE_CODE = /^(node:)?(fs|internal\/fs|internal\/modules)|(^|\/)(genericpath|posixpath|pathlib|linecache)\.py$|importlib/;
/** Of it, what writes; the rest reads or looks up. */
const WRITES = /^(append|write|writev|fsync|fdatasync|ftruncate|truncate|rename|unlink|mkdir|rm|copy)\w*|sync_write_stream|SyncWriteStream/i;
/** What programs write lines to; it ends in a write to a file, pipe or terminal. */
const CONSOLE = /^(node:)?internal\/(console|fs\/sync_write_stream)|(^|\/)logging\/(__init__|handlers)\.py$/;

export interface CodeShare {
  /** Of the CPU, with all below it. */
  share: number;
  /** The function that was called, and whose code called it. */
  called: Frame | null;
  caller: Frame | null;
}

const inFileCode = (frame: Frame): boolean => frame.file !== null && frame.origin === 'runtime' && FILE_CODE.test(frame.file);
const inConsole = (frame: Frame): boolean => frame.file !== null && frame.origin === 'runtime' && CONSOLE.test(frame.file);
const isWrite = (frame: Frame): boolean => WRITES.test(frame.name) || inConsole(frame);

/** CPU share of the runtime's code that reads or looks up files. */
export const readingCode = (hot: HotFunctionsFact): CodeShare =>
  outermost(hot, inFileCode, (outer) => !isWrite(outer));

/** Only the outermost counts: openSync within readFileSync is one cost, not two. */
function outermost(hot: HotFunctionsFact, inside: (f: Frame) => boolean, wanted: (f: Frame) => boolean): CodeShare {
  const outer = hot.functions
    .filter((f) => inside(f.frame) && wanted(f.frame) && f.callers.length > 0 && !f.callers.some(inside))
    .sort((a, b) => b.totalShare - a.totalShare);
  const callers = outer.flatMap((f) => f.callers).filter((c) => c.origin === 'app' || c.origin === 'dependency');
  return {
    share: clamp(outer.reduce((sum, f) => sum + f.totalShare, 0)),
    called: outer[0]?.frame ?? null, caller: callers[0] ?? null,
  };
}
