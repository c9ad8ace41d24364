/** A real Node target under the preload, for the tests of the node and cpuprofile probes. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeProbeEnv } from '../../src/gather/node-env.js';
import { threadFiles } from '../../src/gather/node-control.js';
import type { ProbeContext } from '../../src/gather/probe.js';
import { parseNodeNdjson, type NodeRecords } from '../../src/parse/node-ndjson.js';

export interface NodeTarget {
  /** Where the scripts lie, and where the preload writes. */
  folder: string;
  dir: string;
  child: ChildProcess;
  ctx: ProbeContext;
  stdout(): string;
  stderr(): string;
  exited: Promise<number | null>;
  records(): NodeRecords[];
  close(): void;
}

export interface TargetRequest {
  /** File name -> source; the first one is run. */
  files: Record<string, string>;
  execArgv?: string[];
  env?: NodeJS.ProcessEnv;
  folderName?: string;
  beforeLaunch?: (dir: string) => void;
}

export function launchNode({ files, execArgv = [], env = {}, folderName = 'app', beforeLaunch }: TargetRequest): NodeTarget {
  const root = mkdtempSync(join(tmpdir(), 'whyslow-test-'));
  const folder = join(root, folderName);
  const dir = join(folder, 'artifacts');
  for (const [name, source] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), source);
  }
  mkdirSync(dir, { recursive: true });
  const { NODE_OPTIONS: _, ...inherited } = process.env;
  const base = { ...inherited, ...env };
  const launchEnv = { ...base, ...nodeProbeEnv(dir, base, ['node', ...execArgv]) };
  beforeLaunch?.(dir);
  const child = spawn(process.execPath, [...execArgv, join(folder, Object.keys(files)[0] ?? '')], { cwd: folder, env: launchEnv, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stdout?.on('data', (chunk: Buffer) => { out += chunk.toString(); });
  child.stderr?.on('data', (chunk: Buffer) => { err += chunk.toString(); });
  const pid = child.pid ?? 0;
  const ctx: ProbeContext = {
    host: { kernel: '', arch: '', cpus: 1, memBytes: 0, nodeVersion: process.version, isRoot: true, clockTicksHz: 100, pageBytes: 4096, tools: {} },
    rootPid: pid, pids: () => groupOf(pid), generatorPids: () => [], port: null, origin: 'launch', signalOk: false, connections: 50, answersCounted: false, gentle: false, dir,
  };
  return {
    folder, dir, child, ctx,
    stdout: () => out,
    stderr: () => err,
    exited: new Promise((resolve) => child.once('exit', (code) => resolve(code))),
    records: () => threadFiles(dir, 'node').map(({ file }) => parseNodeNdjson(readFileSync(join(dir, file), 'utf8'))),
    close() {
      try { process.kill(-pid, 'SIGKILL'); } catch { /* it ended */ }
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** Live processes of the group. */
export function groupOf(pgid: number): number[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && existsSync(`/proc/${name}/stat`)).map(Number).filter((pid) => {
    try {
      const rest = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
      return Number(rest[2]) === pgid && rest[0] !== 'Z';
    } catch {
      return false;
    }
  });
}

export async function until(met: () => boolean, what: string, timeoutMs = 15_000): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!met()) {
    if (Date.now() > end) throw new Error(`timed out: ${what}`);
    await sleep(20);
  }
}

export const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

export const monoNs = (): number => Number(process.hrtime.bigint());
