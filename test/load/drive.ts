import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo, Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { driverFor, type RunningLoad } from '../../src/load/driver.js';
import { parseLoad } from '../../src/parse/load.js';
import type { LoadSettings, LoadSlice, LoadSummary } from '../../src/types.js';

export const loadSettings = (over: Partial<LoadSettings> = {}): LoadSettings => ({
  tool: 'autocannon', connections: 4, durationS: 0.6, warmupS: 0, method: 'GET', headers: [], body: null,
  keepAlive: true, rate: null, amount: null, timeoutS: 5, ...over,
});

export interface Counting { url: string; port: number; requests: number; connections: number; close(): Promise<void> }

/** A server on a free port that counts what reaches it. */
export async function serve<T>(make: (counted: Counting) => Server, use: (server: Counting) => Promise<T>): Promise<T> {
  const counting: Counting = { url: '', port: 0, requests: 0, connections: 0, close: async () => {} };
  const server = make(counting);
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    counting.connections++;
    sockets.add(socket.once('close', () => sockets.delete(socket)).on('error', () => {}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  counting.port = (server.address() as AddressInfo).port;
  counting.url = `http://127.0.0.1:${counting.port}/`;
  counting.close = () => new Promise((resolve) => {
    server.close(() => resolve());
    for (const socket of sockets) socket.destroy();
  });
  try {
    return await use(counting);
  } finally {
    await counting.close();
  }
}

export const http = (answer: RequestListener) => (counted: Counting): Server => createServer((req, res) => {
  counted.requests++;
  answer(req, res);
});

export interface Driven { slices: LoadSlice[]; summary: LoadSummary | undefined; text: string; live: LoadSlice[]; pid: number | null }

/** Drives a load to its end (or lets `meddle` end it) and reads its file. */
export async function drive(tool: string, url: string, over: Partial<LoadSettings> = {}, meddle?: (load: RunningLoad) => Promise<void>): Promise<Driven> {
  const dir = mkdtempSync(join(tmpdir(), 'whyslow-test-'));
  const live: LoadSlice[] = [];
  try {
    const file = join(dir, 'load.ndjson');
    const load = await driverFor(tool).start(url, loadSettings({ tool, ...over }), file, (slice) => live.push(slice));
    try {
      await meddle?.(load);
      await load.done;
    } finally {
      await load.stop();
    }
    const text = readFileSync(file, 'utf8');
    const records = [...parseLoad(text)];
    return {
      slices: records.filter((r) => r.type === 'slice'), summary: records.find((r) => r.type === 'summary'), text, live, pid: load.pid,
    };
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** Runs, and is not merely waiting for a parent that never asks (containers often have no init that reaps). */
export const alive = (pid: number): boolean => {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};

export const sum = (slices: readonly LoadSlice[], of: (slice: LoadSlice) => number): number => slices.reduce((n, s) => n + of(s), 0);
