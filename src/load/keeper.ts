/**
 * Holds a generator that knows nothing of us: runs it in its own process group, and kills the group when our process
 * dies or the generator ends, so that nothing stays behind. Idle meanwhile. Told what to run over IPC.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import type { KeeperJob, KeeperMessage } from './keep.js';

let child: ChildProcess | null = null;

process.on('message', (message: KeeperJob | { signal: NodeJS.Signals }) => {
  if ('signal' in message) signal(message.signal);
  else run(message);
});
process.on('disconnect', () => {
  signal('SIGKILL');
  process.exit();
});
// The group is ours to signal, and only over IPC.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => {});

function run({ words, env }: KeeperJob): void {
  const [command = '', ...args] = words;
  // 3: what the driver shares with the generator.
  child = spawn(command, args, { detached: true, env, stdio: ['ignore', 'inherit', 'inherit', 3] });
  child.once('spawn', () => send({ pid: child?.pid ?? 0 }));
  child.once('error', (error: NodeJS.ErrnoException) => {
    if (child?.pid === undefined) last({ failed: error.code ?? error.message });
  });
  child.once('exit', (code, by) => {
    signal('SIGKILL');
    last({ code, signal: by });
  });
}

function signal(name: NodeJS.Signals): void {
  if (child?.pid === undefined) return;
  try {
    process.kill(-child.pid, name);
  } catch {
    // ESRCH: the whole group is gone.
  }
}

function send(message: KeeperMessage): void {
  if (process.connected) process.send?.(message);
}

/** Leaving is for the keeper to do: a parent that disconnects never gets our 'close' event. */
function last(message: KeeperMessage): void {
  if (process.connected) process.send?.(message, () => process.exit());
}
