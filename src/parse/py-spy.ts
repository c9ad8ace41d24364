/**
 * Reads py-spy.<pid>.json: what `py-spy record -f speedscope --nonblocking --full-filenames -t -F` wrote, with one more key.
 * https://github.com/benfred/py-spy/blob/master/src/speedscope.rs, https://www.speedscope.app/file-format-schema.json
 *
 *   {"whyslow":{"pid":71,"startNs":1,"endNs":2500000001,"cpuNs":2300000000},          ours: what the process used meanwhile
 *    "shared":{"frames":[{"name":"hot","file":"/app/a.py","line":3,"col":null},...]},  line: where the function begins (-F)
 *    "profiles":[{"type":"sampled","name":"Thread 28440 \"Thread-2 (process)\"","unit":"seconds",
 *                 "samples":[[10,9,8,0]],"weights":[0.0101]}]}                         outermost first; threads that ran only
 *
 * Samples have no time of their own, and some are missed: the CPU time of the process is shared out over them.
 */
import type { Frame } from '../types.js';
import { isObject, numbers, objectOf } from './ndjson.js';
import { pythonFrame } from './python-frame.js';
import type { PythonProfile, PythonStack } from './python-ndjson.js';

/** Null for what is no such file. */
export function parsePySpy(text: string): PythonProfile | null {
  const raw = objectOf(text);
  const own = raw?.['whyslow'];
  const shared = raw?.['shared'];
  const profiles = raw?.['profiles'];
  if (!isObject(own) || !numbers(own, 'pid', 'startNs', 'endNs', 'cpuNs') || !isObject(shared) || !Array.isArray(shared['frames']) || !Array.isArray(profiles)) return null;
  const { pid, startNs, endNs, cpuNs } = own as Record<'pid' | 'startNs' | 'endNs' | 'cpuNs', number>;
  const frames = framesOf(shared['frames'].filter(isObject));
  const threads = profiles.filter(isObject).flatMap(({ name, samples }) => {
    const [, tid, called] = /Thread (\d+)(?: "(.*)")?/.exec(String(name)) ?? [];
    return tid !== undefined && Array.isArray(samples) ? [{ tid: Number(tid), name: called ?? '', stacks: samples.map((sample) => stackOf(sample, frames)) }] : [];
  });
  const count = threads.reduce((sum, { stacks }) => sum + stacks.length, 0);
  return {
    pid, startNs, endNs, cpuNs, modules: [], waits: [], collections: [],
    threads: threads.map(({ tid, name, stacks }) => ({
      tid, name, samples: stacks.map((stack) => ({ atNs: startNs, stack, cpuNs: cpuNs / count })),
    })),
  };
}

/** Python's own folder is not told: it is the one that holds modules, but no packages. */
const STDLIB = /^(.*\/lib(?:32|64)?\/(?:python|pypy)\d[\d.]*)\/(?!(?:site|dist)-packages\/)/;

function framesOf(raw: readonly Record<string, unknown>[]): Frame[] {
  const places = raw.map(({ name, file, line }) => ({ name: String(name), file: typeof file === 'string' ? file : '', line: Number.isFinite(line) ? line as number : 0 }));
  return places.map(({ name, file, line }) => pythonFrame(name, file, line, { stdlib: STDLIB.exec(file)?.[1] ?? '' }));
}

function stackOf(sample: unknown, frames: readonly Frame[]): PythonStack {
  const found = (Array.isArray(sample) ? sample : []).flatMap((index) => frames[Number(index)] ?? []).reverse();
  return { frames: found, line: found[0]?.line ?? 0, own: false };
}
