/**
 * Reads /tmp/perf-PID.map, where a runtime tells which code it made where: address, size (both hex), name.
 * https://github.com/torvalds/linux/blob/master/tools/perf/Documentation/jit-interface.txt
 *
 *   7f56ec066a40 1c8 JS:*render /app/lib/view.js:12:20
 *
 * Memory is used again: what was written later is what lies there. perf itself takes any of the entries that overlap, so
 * that a hot function goes by the name of a module that was loaded at the start; hence this.
 */
import { linesOf } from './lines.js';

/** An address -> the name of what lies there; null for nothing. */
export type PerfMap = (address: number) => string | null;

/** Of entries that begin before an address, how many are looked at: longer ones than these overlap no more. */
const LOOK_BACK = 200;

export function parsePerfMap(text: string): PerfMap {
  const entries: { start: number; end: number; name: string; at: number }[] = [];
  for (const line of linesOf([text])) {
    const match = /^([0-9a-f]+) ([0-9a-f]+) (.+)$/.exec(line);
    if (!match) continue;
    const [start, size] = [parseInt(match[1] ?? '', 16), parseInt(match[2] ?? '', 16)];
    entries.push({ start, end: start + size, name: match[3] ?? '', at: entries.length });
  }
  entries.sort((a, b) => a.start - b.start || a.at - b.at);
  return (address) => {
    let [low, high] = [0, entries.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((entries[middle]?.start ?? 0) <= address) low = middle + 1;
      else high = middle;
    }
    const over = entries.slice(Math.max(0, low - LOOK_BACK), low).filter((e) => e.end > address);
    return over.length === 0 ? null : over.reduce((a, b) => (b.at > a.at ? b : a)).name;
  };
}
