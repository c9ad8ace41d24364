import type { Availability, LoadSettings, LoadSlice } from '../types.js';
import { autocannonDriver } from './autocannon.js';
import { commandDriver } from './command.js';
import { noneDriver } from './none.js';
import { wrkDriver } from './wrk.js';

/**
 * Drives one continuous load, in a process that is never ours; the caller cuts it into windows by time.
 *
 * `file` (load.ndjson) gets a `LoadSlice` every 250 ms, and at each cut(), where the tool can tell, and one `LoadSummary` at the end.
 * With `amount`, the summary covers only the counted requests: it starts where the warm-up ended.
 */
export interface LoadDriver {
  id: string;
  check(): Promise<Availability>;
  /** Resolves once requests are being sent. Throws a usage error for settings the tool cannot follow. */
  start(url: string, settings: LoadSettings, file: string, onSlice?: (slice: LoadSlice) => void): Promise<RunningLoad>;
}

export interface RunningLoad {
  /** Root pid of the generator; null with no process. */
  pid: number | null;
  /** Ends the slice under way, so that a window's edge is one; without it slices go on by the clock. */
  cut?(): void;
  /** Resolves when the generator has ended, by itself or by stop(), and the file is complete. Never rejects. */
  done: Promise<void>;
  /** Ends the load and waits for `done`; safe to call twice. */
  stop(): Promise<void>;
}

export function driverFor(tool: string): LoadDriver {
  if (tool === 'autocannon') return autocannonDriver;
  if (tool === 'wrk') return wrkDriver;
  if (tool === 'none') return noneDriver;
  return commandDriver(tool);
}
