import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach } from 'vitest';
import { launchTarget, type LaunchRequest, type Target } from '../../src/target/launch.js';
import { isAlive, readStat, scanProcesses } from '../../src/target/procfs.js';

export const isRoot = process.geteuid?.() === 0;

const running: Target[] = [];
const folders: string[] = [];

/** Every target of a test is gone after it, whatever it asserted. */
export function cleanUpAfterEach(): void {
  afterEach(async () => {
    await Promise.all(running.splice(0).map((target) => target.stop(500)));
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  });
}

export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'whyslow-target-'));
  folders.push(folder);
  return folder;
}

export async function launched(command: string[], more: Partial<LaunchRequest> = {}): Promise<Target> {
  const target = await launchTarget({ command, env: process.env, user: null, ...more });
  running.push(target);
  return target;
}

/** Launched and running. */
export async function started(command: string[], more: Partial<LaunchRequest> = {}): Promise<Target> {
  const target = await launched(command, more);
  target.resume();
  return target;
}

export const node = (script: string, ...args: string[]): string[] => [process.execPath, '-e', script, ...args];

/** Answers `ok` to everything, on a free port unless told. */
export const HELLO = `require('http').createServer((q,r)=>r.end('ok')).listen(Number(process.env.PORT||0),process.env.HOST)`;

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export async function until<T>(read: () => T | null | undefined | false, what: string, timeoutMs = 8000): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const value = read();
    if (value !== null && value !== undefined && value !== false) return value;
    if (performance.now() > deadline) throw new Error(`never: ${what}`);
    await sleep(10);
  }
}

export const lives = (pid: number): boolean => {
  const stat = readStat(pid);
  return stat !== null && isAlive(stat);
};

/** Live processes whose command line holds the text: tests put a token of their own there. */
export const inSession = (session: number): number[] =>
  scanProcesses().filter((stat) => stat.session === session && isAlive(stat)).map((stat) => stat.pid);
