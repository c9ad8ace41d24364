import { NoData } from '../errors.js';
import type { Fact } from '../types.js';
import { failedPathsCaptureFact } from './captures.js';
import { groupBy } from './group-by.js';
import { need } from './reader.js';
import { requestsDuring } from './syscalls.js';
import { threadsFact } from './threads.js';

/** A path that was there when it was looked up, under load. */
export interface FoundPath { path: string; syscalls: string[]; perRequest: number }

/** Files that are asked for while serving and exist, most often asked for first. */
export const foundPathsFact: Fact<FoundPath[]> = {
  name: 'found-paths',
  compute(_run, read) {
    const { serving } = need(read(failedPathsCaptureFact));
    const requests = serving && requestsDuring(serving, read);
    if (!serving || !requests) throw new NoData('no path lookups were watched under load, or no requests were counted');
    const threads = read(threadsFact);
    // Child processes look up their own: libraries, locales.
    const pids = threads.ok ? new Set(threads.value.processes.filter((p) => p.serving).map((p) => p.pid)) : null;
    return [...groupBy(serving.totals.found.filter((f) => pids?.has(f.pid) ?? true), (f) => f.path)]
      .map(([path, of]) => ({ path, syscalls: [...new Set(of.map((f) => f.name))], perRequest: of.reduce((sum, f) => sum + f.calls, 0) / requests }))
      .sort((a, b) => b.perRequest - a.perRequest);
  },
};
