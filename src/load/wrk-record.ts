import type { Latency } from '../types.js';

/** The line that probes/load/wrk.lua prints at the end; wrk's own counts and percentiles (corrected for coordinated omission). */
export interface WrkRecord {
  durationUs: number; requests: number; bytes: number;
  connect: number; read: number; write: number; status: number; timeout: number;
  meanUs: number; p50Us: number; p90Us: number; p99Us: number; p999Us: number; maxUs: number;
}

const LINE = /^whyslow-wrk (\{.*\})\n?/m;

/** Takes the record out of wrk's output; null where wrk did not get to its end. */
export function parseWrkRecord(text: string): { record: WrkRecord | null; output: string } {
  const found = LINE.exec(text);
  if (!found?.[1]) return { record: null, output: text };
  const output = text.replace(LINE, '').trimEnd();
  try {
    return { record: JSON.parse(found[1]) as WrkRecord, output };
  } catch {
    return { record: null, output };
  }
}

export function wrkLatency(record: WrkRecord): Latency | null {
  if (record.requests === 0) return null;
  const { meanUs, p50Us, p90Us, p99Us, p999Us, maxUs } = record;
  return { mean: meanUs / 1000, p50: p50Us / 1000, p90: p90Us / 1000, p99: p99Us / 1000, p999: p999Us / 1000, max: maxUs / 1000 };
}

/**
 * Errors by kind. wrk calls it a read error when the server closes a kept connection after its answer, one for each
 * answer; the same number comes from a server that resets every other request. `closes` (seen beforehand) tells which.
 */
export function wrkErrors(record: WrkRecord, closes: boolean): Record<string, number> {
  const read = closes ? Math.max(0, record.read - record.requests) : record.read;
  const errors = { 'connect error': record.connect, 'read error': read, 'write error': record.write };
  return Object.fromEntries(Object.entries(errors).filter(([, n]) => n > 0));
}
