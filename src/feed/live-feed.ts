import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { growingFile, type Added } from '../store/growing-file.js';
import { labelText, metric, point, type Metric, type Resource } from '../export/metric.js';
import { liveLoad } from './live-load.js';
import { liveNode } from './live-node.js';
import { liveProcesses } from './live-processes.js';
import { liveReads } from './live-reads.js';

/** The figures of a run that goes on, from what its probes have written so far. */
export interface LiveFeed {
  /** The run's folder of raw output, once there is one. */
  watch(dir: string): void;
  /** The part of the run that is under way. */
  window(name: string): void;
  /** Reads what is new; costs nothing while nobody asks. */
  read(): { metrics: Metric[]; resource: Resource };
}

const NODE_FILE = /^node\.(\d+)\.(\d+)\.ndjson$/;

export function liveFeed(version: string): LiveFeed {
  const [load, reads, processes, node] = [liveLoad(), liveReads(), liveProcesses(), liveNode()];
  const tails = new Map<string, () => Added>();
  let dir: string | null = null;
  let window = 'preparing';
  const news = (folder: string, file: string): string[] => {
    const tail = tails.get(file) ?? growingFile(join(folder, file));
    tails.set(file, tail);
    const { text } = tail();
    return text === '' ? [] : text.slice(0, -1).split('\n');
  };

  function readNews(folder: string): void {
    for (const line of news(folder, 'proc.ndjson')) processes.take(line);
    for (const line of news(folder, 'load.ndjson')) load.take(line);
    for (const line of news(folder, 'sched.all.ndjson')) reads.take(line);
    for (const file of readdirSync(folder)) {
      const [, pid, tid] = NODE_FILE.exec(file) ?? [];
      if (pid !== undefined && tid !== undefined) node.take(pid, tid, news(folder, file));
    }
  }

  return {
    watch: (folder) => { dir = folder; },
    window: (name) => { window = name; },
    read() {
      if (dir !== null) readNews(dir);
      const root = processes.root();
      return {
        resource: { attributes: {
          'service.name': `unknown_service:${labelText(root?.comm ?? '')}`, ...(root ? { 'process.pid': String(root.pid) } : {}), 'whyslow.version': version,
        } },
        metrics: [
          ...metric('whyslow.window', '', 'gauge', 'The part of the run that is under way; heavy probes are on in others than warmup and clean.', [point(1, { 'whyslow.window': window })]),
          ...load.metrics(), ...reads.metrics(), ...processes.metrics(), ...node.metrics(),
        ],
      };
    },
  };
}
