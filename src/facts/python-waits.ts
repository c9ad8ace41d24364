import { NoData } from '../errors.js';
import type { PythonStack } from '../parse/python-ndjson.js';
import type { Fact, Frame } from '../types.js';
import { groupBy } from './group-by.js';
import { owned } from './python-owned.js';
import { need } from './reader.js';
import { pythonProfilesFact } from './recordings.js';
import { threadsFact } from './threads.js';

/** Where threads of the program sleep in calls: by the innermost function of the program's own, most looks first. */
export interface PythonWaits {
  /** Looks that found a thread which serves, or works for one, asleep below code of the program. */
  looks: number;
  functions: { frame: Frame; share: number }[];
}

/** Fewer may be chance. */
const LEAST_LOOKS = 10;

export const pythonWaitsFact: Fact<PythonWaits> = {
  name: 'python-waits',
  compute(_run, read) {
    const { threads } = need(read(threadsFact));
    const working = new Set(threads.filter((t) => t.role !== 'helper').map((t) => t.tid));
    const looks = need(read(pythonProfilesFact)).flatMap((p) => p.waits).filter((w) => working.has(w.tid)).flatMap((w) => w.looks);
    const frames = looks.flatMap(({ stack }) => programFrame(stack) ?? []);
    if (frames.length < LEAST_LOOKS) throw new NoData('no Python thread was seen to sleep in the program\'s code');
    return {
      looks: frames.length,
      functions: [...groupBy(frames, (f) => `${f.name}\0${f.file ?? ''}\0${String(f.line)}`).values()]
        .map((of) => ({ frame: of[0] as Frame, share: of.length / frames.length })).sort((a, b) => b.share - a.share),
    };
  },
};

/** The program's own function that made the call, or that called what did; null in a framework's own wait for work. */
export function programFrame(stack: PythonStack): Frame | null {
  if (stack.own) return null;
  const isOwned = owned(stack.frames);
  return stack.frames.find((frame, i) => isOwned[i] && frame.origin === 'app') ?? null;
}
