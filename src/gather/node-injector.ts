/**
 * Opens the inspector of one running Node process, brings the preload into its threads, and closes it. A process of its
 * own: it goes on when whyslow is killed, so that there is no moment in which nobody is there to close the port.
 *
 *   job over IPC -> SIGUSR1 -> port -> main thread, workers -> close, look that it is -> result over IPC
 *                        '-> no port in time: result; then waits for one that opens late (JS was held), and closes it
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { readStat } from '../target/procfs.js';
import { listeningPorts, newPort } from './inspector-port.js';
import { bring, CLOSE_LATER, CLOSE_NOW } from './node-expressions.js';
import { openInspector, type Inspector } from './node-inspector.js';

export interface InjectJob { pid: number; startTicks: number; dir: string; preload: string }

/** `enable`: the target cannot be asked so, and what could be done; without it something went wrong. */
export interface InjectResult { failed?: string; enable?: string }

/** From the signal to the open port: 22 to 250 ms measured; where the port is taken it never comes. */
const OPENS_WITHIN_MS = 700;
/** JS that was held when the signal came opens the port once it is let go. */
const OPENS_LATE_WITHIN_MS = 15_000;
/** The same once whyslow has ended: nobody should find a process of ours then. */
const ORPHAN_WAITS_MS = 4000;
const LATE_LOOK_MS = 100;
/** whyslow is not kept waiting for longer by a port that does not close yet. */
const ANSWERS_WITHIN_MS = 5000;
/** Native code may hold the loop for long, and the port with it. */
const CLOSES_WITHIN_MS = 120_000;

let orphanAtMs: number | null = null;
process.on('disconnect', () => { orphanAtMs = performance.now(); });
// Ctrl-C at a terminal is for whyslow.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => undefined);

process.once('message', (job: InjectJob) => {
  void attempt(job).finally(() => {
    if (process.connected) process.disconnect();
  });
});

async function attempt(job: InjectJob): Promise<void> {
  const { pid, startTicks } = job;
  const isSame = () => readStat(pid)?.startTicks === startTicks;
  try {
    if (orphanAtMs !== null) return;
    const before = listeningPorts(pid);
    if (!isSame()) return say({ failed: `process ${String(pid)} has ended`, enable: 'give the PID of one that runs' });
    process.kill(pid, 'SIGUSR1');
    const signalledMs = performance.now();
    const port = await newPort(pid, before, () => performance.now() - signalledMs < OPENS_WITHIN_MS && isSame(), 10);
    if (port !== null) return await bringTo(job, port);
    say({ failed: `the inspector of process ${String(pid)} did not open: its port (9229, or --inspect-port) is taken, its JavaScript is held, or SIGUSR1 is the program's own`, enable: 'free the port; kernel probes work without it' });
    const late = await newPort(pid, before, () => isSame() && performance.now() - signalledMs < OPENS_LATE_WITHIN_MS
      && (orphanAtMs === null || performance.now() - orphanAtMs < ORPHAN_WAITS_MS), LATE_LOOK_MS);
    if (late !== null) await closed(null, late, pid);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    say(code === 'EPERM' ? { failed: `process ${String(pid)} is another user's`, enable: 'run whyslow as root, or as that user' } : { failed: message });
  }
}

async function bringTo({ pid, dir, preload }: InjectJob, port: number): Promise<void> {
  let inspector: Inspector | null = null;
  let result: InjectResult = {};
  try {
    inspector = await openInspector(port);
    const self = Number(await inspector.evaluate(CLOSE_LATER));
    if (!namesOf(pid).includes(self)) result = { failed: `port ${String(port)} is the inspector of another process (${String(self)})`, enable: 'kernel probes work without it' };
    else if (orphanAtMs === null) {
      await inspector.evaluate(bring(preload, dir));
      // A worker that does not answer is one that the report goes without: its own file would say what it saw.
      await inspector.inWorkers(bring(preload, dir));
    }
  } catch (error) {
    result = { failed: error instanceof Error ? error.message : String(error) };
  }
  const late = setTimeout(() => say(result), ANSWERS_WITHIN_MS);
  await closed(inspector, port, pid);
  clearTimeout(late);
  say(result);
}

/** Its names in the PID namespaces that it lives in. */
const namesOf = (pid: number): number[] =>
  (/^NSpid:\s*(.+)$/m.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))?.[1] ?? '').split(/\s+/).map(Number);

/** Closes the inspector from within, and looks that it is. Where JS was held meanwhile the port may open again: then once more. */
async function closed(inspector: Inspector | null, port: number, pid: number): Promise<void> {
  let open = inspector;
  for (const untilMs = performance.now() + CLOSES_WITHIN_MS; performance.now() < untilMs;) {
    await open?.evaluate(CLOSE_NOW).catch(() => undefined);
    open?.end();
    open = null;
    await sleep(50);
    if (!listeningPorts(pid).some((l) => l.port === port)) return;
    open = await openInspector(port).catch(() => null);
  }
}

function say(result: InjectResult): void {
  if (process.connected) process.send?.(result);
}
