import { randomUUID } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { targetError, usageError } from '../errors.js';
import { resolveCommand } from './command.js';
import { usersOpenFiles } from './open-files.js';
import { outputRing } from './output-ring.js';
import { readStat } from './procfs.js';
import { stopTree } from './stop.js';
import { processTree, type ProcessTree } from './tree.js';
import { accountEnv, accountFor, setprivPrefix } from './user.js';
import { startWatchdog } from './watchdog.js';

export interface Exit { code: number | null; signal: string | null }

export interface Target {
  readonly origin: 'launch' | 'attach';
  readonly command: string[];
  /** Root of the tree; stays the same through the exec of the command. */
  readonly pid: number;
  /** Its own process group and session; null where it is not ours. */
  readonly pgid: number | null;
  /** Use this one and no second: it knows daemons by a marker in their environment. */
  readonly tree: ProcessTree;
  /** Lets it run. Harmless when it runs already. */
  resume(): void;
  /** Last 64 KiB of stdout and stderr, as they came. Untrusted text. */
  output(): string;
  /** Of the root; daemons of it may live on. */
  readonly exited: Promise<Exit>;
  hasExited(): Exit | null;
  /** Resolves when stdout and stderr ended (whoever held them), or after the wait. */
  outputEnd(waitMs: number): Promise<void>;
  /** Ends the whole tree; resolves when it is gone, with pids that would not go (normally none). Idempotent. */
  stop(graceMs?: number): Promise<number[]>;
}

export interface LaunchRequest {
  command: readonly string[];
  /** All of its environment; nothing of ours is added but the marker. */
  env: NodeJS.ProcessEnv;
  /** Account to run as (root only); null: our own. */
  user: string | null;
  cwd?: string;
  /** Absolute path of a folder that goes with us, should we be killed. */
  scratch?: string | null;
  /** Its runtimes write /tmp/perf-PID.map for us: these go with us as well. */
  perfMaps?: boolean;
}

const DEFAULT_GRACE_MS = 3000;
const STOP_WAIT_MS = 10_000;
const MARKER_NAME = 'WHYSLOW_RUN';

/** The pid stays the same through both execs, so whoever watches it sees the command from its first instruction. */
const STOP_THEN_EXEC = 'kill -s STOP $$; exec "$@"';

/** The user's own soft limit on open files, not the one that Node gave itself; a shell that cannot goes on without. */
const withLimit = (openFiles: number | null): string => (openFiles === null ? '' : `ulimit -S -n ${openFiles} 2>/dev/null; `);

/** dash drops variables that no shell could name (`npm_config_a-b`, `foo.bar`); bash hands them on. -p: no BASH_ENV. */
function wrapperShell(env: NodeJS.ProcessEnv): string[] {
  const odd = Object.keys(env).some((name) => !/^[A-Za-z_]\w*$/.test(name));
  return odd && existsSync('/bin/bash') ? ['/bin/bash', '-p'] : ['/bin/sh'];
}

/**
 * Starts the command stopped, in a session of its own:
 *
 *   [setpriv ->] sh: SIGSTOP itself ...... resume() ...... exec COMMAND
 *
 * Errors: exit code 3 when it cannot be started, 2 for an unknown user.
 */
export async function launchTarget(request: LaunchRequest): Promise<Target> {
  const cwd = request.cwd ?? process.cwd();
  const [name, ...args] = request.command;
  if (name === undefined) throw usageError('no command given');
  if (!statSync(cwd, { throwIfNoEntry: false })?.isDirectory()) throw targetError(`cannot start "${name}": no folder "${cwd}"`);
  const account = await accountFor(request.user);
  const file = await resolveCommand(name, request.env['PATH'], cwd);
  const prefix = account === null ? [] : setprivPrefix(account);
  if (prefix[0] !== undefined) prefix[0] = await resolveCommand(prefix[0], process.env['PATH'], '/');

  const marker = randomUUID();
  const env = { ...request.env, ...(account === null ? {} : accountEnv(account)), [MARKER_NAME]: marker };
  const watchdog = startWatchdog(`${MARKER_NAME}=${marker}`, request.scratch ?? null, { perfMaps: request.perfMaps ?? false });
  const words = [...prefix, ...wrapperShell(env), '-c', withLimit(usersOpenFiles()) + STOP_THEN_EXEC, 'sh', file, ...args];
  const child = execa(words[0] ?? '', words.slice(1), {
    detached: true,
    cleanup: false,
    reject: false,
    buffer: false,
    env,
    extendEnv: false,
    cwd,
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });

  const ring = outputRing();
  const streams = [child.stdout, child.stderr];
  const ends = streams.map((stream) => new Promise<void>((resolve) => {
    stream.on('data', (chunk: Buffer) => ring.push(chunk));
    stream.on('error', () => undefined);
    stream.once('close', () => resolve());
  }));
  let exit: Exit | null = null;
  // The event and not execa's promise: that one waits for stdout as well, which a daemon may hold for ever.
  const exited = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => resolve((exit = { code, signal })));
    child.once('error', () => resolve((exit ??= { code: null, signal: null })));
  });

  const pid = child.pid;
  if (pid === undefined) {
    const result = await child;
    await watchdog.dismiss();
    throw targetError(`cannot start "${name}": ${result.shortMessage ?? 'the system refused'}`);
  }
  watchdog.guard(pid);
  const tree = processTree(pid, pid, `${MARKER_NAME}=${marker}`);
  let stopping: Promise<number[]> | null = null;

  async function stopAll(graceMs: number): Promise<number[]> {
    const left = await stopTree(tree, pid as number, graceMs);
    if (left.length === 0) await exited;
    // What would not go keeps its watchdog only as long as we live; it must not keep us.
    for (const stream of streams) stream.destroy();
    await watchdog.dismiss();
    return left;
  }

  const target: Target = {
    origin: 'launch',
    command: [...request.command],
    pid,
    pgid: pid,
    tree,
    resume() {
      if (exit === null) process.kill(pid, 'SIGCONT');
    },
    output: () => ring.text(),
    exited,
    hasExited: () => exit,
    outputEnd: async (waitMs) => {
      await Promise.race([Promise.all(ends), sleep(waitMs, undefined, { ref: false })]);
    },
    stop: (graceMs = DEFAULT_GRACE_MS) => (stopping ??= stopAll(graceMs)),
  };

  const deadline = performance.now() + STOP_WAIT_MS;
  for (;;) {
    const state = readStat(pid)?.state;
    if (state === 'T') break;
    if (target.hasExited() !== null || state === 'Z' || performance.now() > deadline) {
      await target.outputEnd(200);
      await target.stop(0);
      throw targetError(`cannot start "${name}": its wrapper ended before the command ran`, target.output());
    }
    await sleep(2);
  }
  tree.refresh();
  return target;
}
