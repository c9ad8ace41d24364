import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { recordsFrom, threadFiles } from './node-control.js';

/** What the scheduler's probe writes while it is on: see probes/sched.bt. */
const SCHED_FILE = 'sched.all.ndjson';
const STRETCH = /^stretch \d+ \d+ (\d+) (\d+) /;
const UNWATCHED = /^open \d+ 0$/m;

/** Of each file, the end is read: slices and stalls of some minutes. */
const TAIL_BYTES = 512 * 1024;

interface Stall { startNs: number; lengthNs: number }

/**
 * The longest time that a serving loop stood still, of 20 ms or more and from its beginning to its end between two moments,
 * ns; 0 for none. By what the probes that stay on have written so far: Node's preload, a quarter of a second late, and
 * elsewhere stretches on the CPU.
 */
export function longestStall(dir: string, fromNs: number, toNs = Infinity): number {
  return [...nodeDelays(dir), ...stretches(dir)].filter((s) => s.startNs >= fromNs && s.startNs + s.lengthNs <= toNs)
    .reduce((longest, s) => Math.max(longest, s.lengthNs), 0);
}

const nodeDelays = (dir: string): Stall[] =>
  threadFiles(dir, 'node').flatMap(({ file, bytes }) => recordsFrom(dir, file, bytes - TAIL_BYTES))
    .flatMap(({ type, afterNs, endNs }) => (type === 'delay' && typeof afterNs === 'number' && typeof endNs === 'number' ? [{ startNs: afterNs, lengthNs: endNs - afterNs }] : []));

function stretches(dir: string): Stall[] {
  const size = lstatSync(join(dir, SCHED_FILE), { throwIfNoEntry: false })?.size ?? 0;
  const lines = recordsFrom(dir, SCHED_FILE, size - TAIL_BYTES).flatMap(({ type, data }) => (type === 'printf' && typeof data === 'string' ? [data.trim()] : []));
  // Where reads are not watched, a stretch may span many requests.
  if (lines.some((line) => UNWATCHED.test(line))) return [];
  return lines.flatMap((line) => {
    const [, startNs, lengthNs] = STRETCH.exec(line) ?? [];
    return startNs === undefined ? [] : [{ startNs: Number(startNs), lengthNs: Number(lengthNs) }];
  });
}
