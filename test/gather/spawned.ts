import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readHost } from '../../src/gather/host.js';
import type { ProbeContext } from '../../src/gather/probe.js';

/** A child that is there, and gone when the test is over. */
export interface Spawned { pid: number; child: ChildProcess; kill(): Promise<void> }

export function spawned(command: string, args: readonly string[], stdin: 'ignore' | 'pipe' = 'ignore'): Spawned {
  const child = spawn(command, [...args], { stdio: [stdin, 'pipe', 'inherit'], detached: true });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${command} did not start`);
  const ended = once(child, 'exit');
  return {
    pid, child,
    kill: async () => {
      try {
        // Its own group: children go as well.
        process.kill(-pid, 'SIGKILL');
      } catch {
        // Gone already.
      }
      await ended;
    },
  };
}

const HELLO = "require('http').createServer((q,s)=>s.end('hello')).listen(+process.argv[1],'127.0.0.1',()=>console.log('up'))";

/** A Node server that answers. */
export async function helloServer(): Promise<Spawned & { port: number }> {
  const port = await freePort();
  const server = spawned(process.execPath, ['-e', HELLO, String(port)]);
  await once(server.child.stdout as NodeJS.EventEmitter, 'data');
  return { ...server, port };
}

/** A connection that stays open, one request after another, until told to end. */
export function steadyLoad(port: number): { answered(): number; end(): void } {
  let answered = 0;
  let over = false;
  const next = (): void => {
    if (over) return;
    get({ port, host: '127.0.0.1', agent: false }, (response) => {
      response.resume().once('end', () => {
        answered++;
        setImmediate(next);
      });
    }).once('error', () => setTimeout(next, 10));
  };
  next();
  return { answered: () => answered, end: () => { over = true; } };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}

const host = readHost();

/** A context for one process, in a folder of its own. */
export async function contextOf(pid: number, more: Partial<ProbeContext> = {}): Promise<ProbeContext & { text(file: string): string; remove(): void }> {
  const dir = mkdtempSync(join(tmpdir(), 'whyslow-probe-'));
  return {
    host: await host, rootPid: pid, pids: () => [pid], generatorPids: () => [], port: null, origin: 'launch', signalOk: false, connections: 50, answersCounted: false, gentle: false, dir, ...more,
    text: (file) => readFileSync(join(dir, file), 'utf8'),
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}

/** `TracerPid`, `State` and the like of a process. */
export const statusField = (pid: number, name: string): string =>
  new RegExp(`^${name}:\\s+(\\S+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '';

/** Waits for something that must come true. */
export async function until(what: string, holds: () => boolean, timeoutMs = 5000): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`waited ${timeoutMs} ms in vain: ${what}`);
    await sleep(10);
  }
}

export const exists = (pid: number): boolean => {
  try {
    // A zombie has ended as well.
    return statusField(pid, 'State') !== 'Z';
  } catch {
    return false;
  }
};
