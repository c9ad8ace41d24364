import { fork } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { ownEnv, ownScript } from './own-script.js';
import { keepTail } from './tail.js';

export interface KeeperJob { words: string[]; env: NodeJS.ProcessEnv }

export type KeeperMessage = { pid: number } | { failed: string } | { code: number | null; signal: string | null };

export interface Kept {
  pid: number;
  exited: Promise<{ code: number | null; signal: string | null }>;
  output(): string;
  /** SIGINT, so that the tool can print what it has; then SIGTERM; then SIGKILL. To the whole group. */
  stop(): Promise<void>;
}

/** What a tool may take to print its figures after SIGINT, and then to end after SIGTERM, ms. */
const GRACE_MS = { SIGTERM: 1500, SIGKILL: 2500 } as const;

/** A descendant that left the group may hold the output open; it is not waited for longer, ms. */
const CLOSE_MS = 300;

/** Runs a command under the keeper; `fd` becomes its descriptor 3. Rejects with the errno when it cannot be run. */
export async function keep(words: string[], fd?: number): Promise<Kept> {
  const shared = fd ?? openSync('/dev/null', 'r');
  const keeper = fork(ownScript('keeper'), { detached: true, env: ownEnv(), execArgv: [], stdio: ['ignore', 'pipe', 'pipe', shared, 'ipc'] });
  if (fd === undefined) closeSync(shared);
  const output = keepTail(keeper.stdout, keeper.stderr);
  const closed = new Promise<void>((resolve) => keeper.once('close', () => resolve()));
  const tell = (message: KeeperJob | { signal: NodeJS.Signals }) => {
    if (keeper.connected) keeper.send(message, () => {});
  };
  let end: (how: { code: number | null; signal: string | null }) => void = () => {};
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) => { end = resolve; });
  keeper.once('exit', (code, signal) => end({ code, signal }));
  const pid = new Promise<number>((resolve, reject) => {
    keeper.on('message', (message: KeeperMessage) => {
      if ('pid' in message) resolve(message.pid);
      else if ('failed' in message) reject(new Error(message.failed));
      else end(message);
    });
    keeper.once('error', reject);
    keeper.once('exit', () => reject(new Error('the keeper ended')));
  });
  const exited = ended.then(async (how) => {
    const late = setTimeout(() => { keeper.stdout?.destroy(); keeper.stderr?.destroy(); }, CLOSE_MS);
    await closed;
    clearTimeout(late);
    return how;
  });
  tell({ words, env: process.env });
  return {
    pid: await pid, exited, output,
    async stop() {
      tell({ signal: 'SIGINT' });
      const timers = (['SIGTERM', 'SIGKILL'] as const).map((signal) => setTimeout(tell, GRACE_MS[signal], { signal }));
      await exited;
      timers.forEach(clearTimeout);
    },
  };
}
