import { fork } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { NoData } from '../errors.js';
import { ownEnv, ownScript } from '../load/own-script.js';
import { isAlive, readStat } from '../target/procfs.js';
import { netNamespace } from '../target/sockets.js';
import { preloadFor } from './node-env.js';
import type { InjectJob, InjectResult } from './node-injector.js';

/** Bit of SIGUSR1 (10) in SigCgt and its like. */
const SIGUSR1_BIT = 1n << 9n;

/**
 * Brings the preload into a running Node process: SIGUSR1 opens its inspector, which runs one expression in each thread
 * and is closed at once. The preload then watches from within, as if it had been there from launch; it leaves when told,
 * or when its lease ends. Throws NoData with what would enable it.
 *
 * The signal is sent by a process of its own, which sees to it that the port closes whatever becomes of us.
 */
export async function injectPreload(pid: number, dir: string, signalOk: boolean): Promise<void> {
  const stat = readStat(pid);
  if (stat === null || !isAlive(stat)) throw new NoData(`process ${String(pid)} has ended`);
  refuseWhereUnsafe(pid, signalOk);
  const preload = preloadFor(dir);
  refuseWhereUnseen(pid, [dir, preload]);
  const result = await injected({ pid, startTicks: stat.startTicks, dir, preload });
  if (result.failed === undefined) return;
  throw result.enable === undefined ? new Error(result.failed) : new NoData(result.failed, result.enable);
}

function refuseWhereUnsafe(pid: number, signalOk: boolean): void {
  const status = readFileSync(`/proc/${String(pid)}/status`, 'utf8');
  const mask = (name: string) => BigInt(`0x${new RegExp(`^${name}:\\s*([0-9a-f]+)`, 'm').exec(status)?.[1] ?? '0'}`);
  const caught = (mask('SigCgt') & SIGUSR1_BIT) !== 0n && ((mask('SigBlk') | mask('SigIgn')) & SIGUSR1_BIT) === 0n;
  if (!caught) throw new NoData(`process ${String(pid)} does not take SIGUSR1 (--disable-sigusr1): the signal would end it`, 'kernel probes work without it; for Node internals launch it with "whyslow run"');
  if (!signalOk) throw new NoData('from outside nobody can tell whether SIGUSR1 opens Node\'s inspector or runs a handler of the program\'s own', '--signal-ok, if the program has no SIGUSR1 handler');
}

/** The preload is a file that the target must be able to open, and writes into our folder: under the same names. */
function refuseWhereUnseen(pid: number, paths: readonly string[]): void {
  const identity = (path: string) => { const { dev, ino } = statSync(path); return `${String(dev)}.${String(ino)}`; };
  try {
    if (paths.every((path) => identity(path) === identity(`/proc/${String(pid)}/root${path}`))) return;
  } catch { /* not there, or not ours to look at */ }
  throw new NoData('Node internals of a process with other files (a container) are not reached', 'run whyslow inside the container');
}

/** The inspector listens on the loopback of the target's own network namespace: the injector goes there. */
function injected(job: InjectJob): Promise<InjectResult> {
  const elsewhere = netNamespace(job.pid) !== netNamespace(process.pid);
  const script = ownScript('node-injector', 'gather');
  const [program, ...before] = elsewhere ? ['nsenter', '-t', String(job.pid), '-n', process.execPath] : [process.execPath];
  return new Promise((resolve) => {
    // Detached: what ends our whole group must not end it before the port is closed.
    const child = fork(script, { execPath: program, execArgv: before, detached: true, cwd: '/', env: ownEnv(), stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    child.once('message', (result: InjectResult) => {
      resolve(result);
      // It may go on to wait for a port that opens late, and must hear of our end; we do not wait for it.
      child.unref();
      child.channel?.unref();
    });
    child.once('error', (error) => resolve({ failed: elsewhere
      ? `the network namespace of process ${String(job.pid)} is not reached (nsenter: ${error.message})` : error.message, enable: 'install util-linux, and run whyslow as root' }));
    child.once('exit', (code) => resolve({ failed: elsewhere
      ? `the network namespace of process ${String(job.pid)} is not reached (nsenter ended with ${String(code)})` : `the injector ended with ${String(code)}`, enable: 'run whyslow as root' }));
    child.send(job, () => undefined);
  });
}
