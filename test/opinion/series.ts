import type { DoctorSample, GcPause } from '../../src/parse/node-ndjson.js';

const START_NS = 1e12;
const MS = 1e6;

/** 10 ms samples over `seconds`, as the preload writes them; numbers that repeat nothing by chance. */
export function series(seconds: number, of: { cpu: number; delayMs?: number; handles?: number }): DoctorSample[] {
  let seed = 7;
  const noise = () => { seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31; return seed / 2 ** 31 - 0.5; };
  const stepMs = 10 + (of.delayMs ?? 1);
  return Array.from({ length: Math.floor((seconds * 1000) / stepMs) }, (_, i) => ({
    atNs: START_NS + i * stepMs * MS, delayMs: Math.max(0, (of.delayMs ?? 1) + noise()), cpu: Math.max(0, of.cpu + noise() * 0.05),
    rss: 6e7, heapTotal: 2e7, heapUsed: 1e7, external: 1e6, handles: of.handles ?? 52, loopUtilization: Math.round(of.cpu * 80),
  }));
}

/** A pause every `everyMs`, of `ms`. */
export const pauses = (seconds: number, everyMs: number, ms: number): GcPause[] =>
  Array.from({ length: Math.floor((seconds * 1000) / everyMs) }, (_, i) => ({ kind: 'scavenge', startNs: START_NS + (i + 0.5) * everyMs * MS, durationNs: ms * MS, flags: 0 }));
