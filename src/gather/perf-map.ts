import { copyFileSync, lstatSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Artifact } from '../types.js';
import { readProcText } from '../target/procfs.js';

/**
 * What makes runtimes tell perf the names of code that they make while they run, in /tmp/perf-PID.map:
 * V8 (https://nodejs.org/en/learn/diagnostics/poor-performance/using-linux-perf), and Python from 3.12 on
 * (https://docs.python.org/3/howto/perf_profiling.html). The second flag of V8 gives interpreted functions frames of their own.
 * Not --perf-basic-prof, which leaves an isolate-*.log in the server's folder, and lists builtins that have symbols anyway.
 * It changes the target: a line for each function that is compiled, for as long as it runs. Hence only with --perf-map.
 */
const V8_FLAGS = '--perf-basic-prof-only-functions --interpreted-frames-native-stack';

export function perfMapEnv(current: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { ...current, NODE_OPTIONS: `${current['NODE_OPTIONS'] ?? ''} ${V8_FLAGS}`.trim(), PYTHONPERFSUPPORT: '1' };
}

/** A server that has run for days has one of hundreds of MB. */
const MAX_BYTES = 30e6;

const mapOf = (pid: number): string => `/tmp/perf-${String(pid)}.map`;

/** Into the run, for facts to read: perf itself mistakes one function for another where memory was used again. */
export function savePerfMaps(dir: string, pids: readonly number[]): Artifact[] {
  return pids.flatMap((pid): Artifact[] => {
    try {
      // In a folder that all may write to: no links.
      const stat = lstatSync(mapOf(pid));
      if (!stat.isFile() || stat.size > MAX_BYTES) return [];
      const file = `perf-map.${String(pid)}.txt`;
      copyFileSync(mapOf(pid), join(dir, file));
      return [{ probe: 'perf', window: 'all', file, pid }];
    } catch {
      return [];
    }
  });
}

/** Afterwards nobody needs them; a process that lives on keeps its own. */
export function removePerfMaps(pids: Iterable<number>): void {
  for (const pid of pids) if (readProcText(`/proc/${String(pid)}/stat`) === '') rmSync(mapOf(pid), { force: true });
}
