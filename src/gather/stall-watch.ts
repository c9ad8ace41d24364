import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { recordsFrom, threadFiles } from './node-control.js';

/** What the scheduler's probe writes while it is on: see probes/sched.bt. */
const SCHED_FILE = 'sched.all.ndjson';
const STRETCH = /^stretch \d+ \d+ (\d+) (\d+) /;
const UNWATCHED = /^open \d+ 0$/m;

/** Of each file, the end is read: slices and stalls of some minutes. */
const TAIL_BYTES = 512 * 1024;

/**
 * Whether a serving loop stood still for 20 ms or more, from its beginning to its end between two moments, ns. By what the
 * probes that stay on have written so far: Node's preload, a quarter of a second late, and elsewhere stretches on the CPU.
 */
export function stalledBetween(dir: string, fromNs: number, toNs = Infinity): boolean {
  const isInside = (startNs: number, endNs: number) => startNs >= fromNs && endNs <= toNs;
  return nodeDelays(dir).some(({ afterNs, endNs }) => isInside(afterNs, endNs))
    || stretches(dir).some(({ startNs, lengthNs }) => isInside(startNs, startNs + lengthNs));
}

const nodeDelays = (dir: string): { afterNs: number; endNs: number }[] =>
  threadFiles(dir, 'node').flatMap(({ file, bytes }) => recordsFrom(dir, file, bytes - TAIL_BYTES))
    .flatMap(({ type, afterNs, endNs }) => (type === 'delay' && typeof afterNs === 'number' && typeof endNs === 'number' ? [{ afterNs, endNs }] : []));

function stretches(dir: string): { startNs: number; lengthNs: number }[] {
  const size = lstatSync(join(dir, SCHED_FILE), { throwIfNoEntry: false })?.size ?? 0;
  const lines = recordsFrom(dir, SCHED_FILE, size - TAIL_BYTES).flatMap(({ type, data }) => (type === 'printf' && typeof data === 'string' ? [data.trim()] : []));
  // Where reads are not watched, a stretch may span many requests.
  if (lines.some((line) => UNWATCHED.test(line))) return [];
  return lines.flatMap((line) => {
    const [, startNs, lengthNs] = STRETCH.exec(line) ?? [];
    return startNs === undefined ? [] : [{ startNs: Number(startNs), lengthNs: Number(lengthNs) }];
  });
}
