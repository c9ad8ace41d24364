import type { Frame, HotFunctionsFact } from '../../types.js';
import { clamp } from './finding.js';

/** Where runtimes keep what reads, looks up and writes files synchronously. */
const FILE_CODE = /^(node:)?(fs|internal\/fs|internal\/modules)|(^|\/)(genericpath|posixpath|pathlib|linecache)\.py$|importlib/;
/** Of it, what writes; the rest reads or looks up. */
const WRITES = /^(append|write|writev|fsync|fdatasync|ftruncate|truncate|rename|unlink|mkdir|rm|copy)\w*|sync_write_stream|SyncWriteStream/i;
/** Of what writes, what waits for the disk: another cost, with another cure. */
const SYNCS = /^f(data)?sync/i;
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

/** CPU share of the runtime's code that writes to files, and of its console; without what waits for the disk. */
export const writingCode = (hot: HotFunctionsFact): CodeShare =>
  outermost(hot, (f) => inFileCode(f) || inConsole(f), (outer, stack) => isWrite(outer) && !stack.some((f) => inFileCode(f) && SYNCS.test(f.name)));

/**
 * Self time by the runtime's frames on top of the program's own: the outermost of them that is inside tells which call it was.
 * `openSync < readFileSync < readJson (app) < Module._compile`: readFileSync, and nothing of the loader below.
 */
function outermost(hot: HotFunctionsFact, inside: (f: Frame) => boolean, wanted: (outer: Frame, stack: readonly Frame[]) => boolean): CodeShare {
  const found = hot.functions.flatMap((f) => {
    const stack = [f.frame, ...f.callers];
    const own = stack.findIndex(isOwn);
    const called = stack.slice(0, own < 0 ? stack.length : own).findLast(inside);
    return called && wanted(called, stack) ? [{ share: f.selfShare, called, caller: stack[own] ?? null }] : [];
  }).sort((a, b) => b.share - a.share);
  return {
    share: clamp(found.reduce((sum, f) => sum + f.share, 0)),
    called: found[0]?.called ?? null, caller: found.find((f) => f.caller)?.caller ?? null,
  };
}

const isOwn = (f: Frame): boolean => f.origin === 'app' || f.origin === 'dependency';
