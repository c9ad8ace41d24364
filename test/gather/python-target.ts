/** A real Python target under our sitecustomize, for the tests of the python probes. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pythonFiles } from '../../src/gather/python-control.js';
import { pythonProbeEnv } from '../../src/gather/python-env.js';
import type { ProbeContext } from '../../src/gather/probe.js';
import { parsePythonNdjson, type PythonRecords } from '../../src/parse/python-ndjson.js';
import { groupOf } from './node-target.js';

const PYTHON = '/usr/bin/python3';
export const hasPython = existsSync(PYTHON);

export interface PythonTarget {
  folder: string;
  dir: string;
  child: ChildProcess;
  ctx: ProbeContext;
  stdout(): string;
  stderr(): string;
  exited: Promise<number | null>;
  records(): PythonRecords[];
  close(): void;
}

/** `files`: name -> source; the first one is run. */
export function launchPython(files: Record<string, string>, { args = [], env = {}, python = PYTHON }: { args?: string[]; env?: NodeJS.ProcessEnv; python?: string } = {}): PythonTarget {
  const folder = mkdtempSync(join(tmpdir(), 'whyslow-test-'));
  const dir = join(folder, 'artifacts');
  mkdirSync(dir);
  for (const [name, source] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), source);
  }
  const { PYTHONPATH: _, ...inherited } = process.env;
  const base = { ...inherited, ...Object.fromEntries(Object.entries(env).map(([name, value]) => [name, value?.replace('FOLDER', folder)])) };
  const child = spawn(python, [...args, join(folder, Object.keys(files)[0] ?? '')], { cwd: folder, env: { ...base, ...pythonProbeEnv(dir, base) }, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stdout?.on('data', (chunk: Buffer) => { out += chunk.toString(); });
  child.stderr?.on('data', (chunk: Buffer) => { err += chunk.toString(); });
  const pid = child.pid ?? 0;
  return {
    folder, dir, child,
    ctx: {
      host: { kernel: '', arch: '', cpus: 1, memBytes: 0, nodeVersion: process.version, isRoot: true, clockTicksHz: 100, pageBytes: 4096, tools: {} },
      rootPid: pid, pids: () => groupOf(pid), generatorPids: () => [], origin: 'launch', signalOk: false, port: null, connections: 1, answersCounted: false, gentle: false, dir,
    },
    stdout: () => out,
    stderr: () => err,
    exited: new Promise((resolve) => child.once('exit', (code) => resolve(code))),
    records: () => pythonFiles(dir).map(({ file }) => parsePythonNdjson(readFileSync(join(dir, file), 'utf8'))),
    close: () => {
      try { process.kill(-pid, 'SIGKILL'); } catch { /* it ended */ }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
