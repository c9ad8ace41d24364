import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';

/** setpriv of util-linux: asks the kernel to end the tool when whyslow dies, however that happens. */
const SETPRIV = ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => existsSync(path));

export type DeathSignal = 'KILL' | 'TERM';

/** `file args`, tied to our life where setpriv is there. */
export const tied = (file: string, args: readonly string[], signal: DeathSignal): [file: string, args: string[]] =>
  SETPRIV ? [SETPRIV, ['--pdeathsig', signal, '--', file, ...args]] : [file, [...args]];

export interface Finished { code: number | null; signal: NodeJS.Signals | null; stderr: string }

/** Tools say on stderr why they refuse; the first of it is enough. */
const STDERR_BYTES = 4096;

/** Collects what a child says on stderr and how it ends. Never rejects: a child that cannot start ends with code 127. */
export function watchEnd(child: ChildProcess): { ended: Promise<Finished>; stderr(): string } {
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    if (stderr.length < STDERR_BYTES) stderr += text.slice(0, STDERR_BYTES - stderr.length);
  });
  const ended = new Promise<Finished>((resolve) => {
    child.once('error', (error) => resolve({ code: 127, signal: null, stderr: error.message }));
    child.once('close', (code, signal) => resolve({ code, signal, stderr }));
  });
  return { ended, stderr: () => stderr };
}

/** Runs a tool to its end; after `timeoutMs` it is killed. */
export async function runTool(file: string, args: readonly string[], timeoutMs: number): Promise<Finished> {
  const child = spawn(...tied(file, args, 'KILL'), { stdio: ['ignore', 'ignore', 'pipe'] });
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  const finished = await watchEnd(child).ended;
  clearTimeout(timer);
  return finished;
}

/** The first line that says something, for a reason. */
export const firstLine = (text: string): string =>
  text.split('\n').map((line) => line.trim()).find((line) => line !== '' && !/^(Error|Warning):?$/.test(line))?.slice(0, 200) ?? '';
