import { appendFileSync, writeFileSync } from 'node:fs';
import type { LoadSlice, LoadSummary } from '../types.js';

/** Writes load.ndjson line by line, so that an interrupted run keeps what it had, and adds up the summary. */
export interface LoadFile {
  slice(slice: LoadSlice): void;
  /** The counted part begins: what came before was warm-up, and stays out of the summary. */
  restart(startNs: number): void;
  /** Writes the summary; what the tool itself says goes before what was added up. */
  close(endNs: number, known?: Partial<LoadSummary>): void;
}

export function openLoadFile(file: string, tool: string, beginNs: number): LoadFile {
  writeFileSync(file, '');
  const write = (record: LoadSlice | LoadSummary) => appendFileSync(file, `${JSON.stringify(record)}\n`);
  const empty = (startNs: number): LoadSummary & { completed: number; connectionsOpened: number } => ({
    type: 'summary', tool, startNs, endNs: startNs, completed: 0, statuses: {}, errors: {},
    timeouts: 0, non2xx: 0, connectionsOpened: 0, latencyMs: null, output: '',
  });
  let total = empty(beginNs);
  return {
    slice(slice) {
      write(slice);
      total.completed += slice.completed;
      total.timeouts += slice.timeouts;
      total.connectionsOpened += slice.connectionsOpened;
      for (const [code, n] of Object.entries(slice.errors)) total.errors[code] = (total.errors[code] ?? 0) + n;
      for (const [status, n] of Object.entries(slice.statuses)) {
        total.statuses[status] = (total.statuses[status] ?? 0) + n;
        if (!/^[23]/.test(status)) total.non2xx += n;
      }
    },
    restart(startNs) { total = empty(startNs); },
    close(endNs, known = {}) { write({ ...total, endNs, ...known }); },
  };
}

/** CLOCK_MONOTONIC, ns. */
export const nowNs = (): number => Number(process.hrtime.bigint());

/** How often the load is counted, ms. */
export const SLICE_MS = 250;
