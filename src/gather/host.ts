import { execFile } from 'node:child_process';
import { availableParallelism, release, totalmem } from 'node:os';
import { promisify } from 'node:util';
import type { Host } from '../types.js';

const run = promisify(execFile);

/** How each tool tells its version; wrk says it together with its usage and exits with 1. */
const VERSION_ARGS: Record<string, string[]> = {
  bpftrace: ['--version'],
  perf: ['--version'],
  strace: ['-V'],
  wrk: ['-v'],
  ss: ['-V'],
};

/** A tool that hangs must not hold up the run. */
const TIMEOUT_MS = 2000;

const DEFAULT_CLOCK_TICKS_HZ = 100;
const DEFAULT_PAGE_BYTES = 4096;

/** What this machine is; everything that has to be asked is asked side by side. */
export async function readHost(): Promise<Host> {
  const names = Object.keys(VERSION_ARGS);
  const [clockTicksHz, pageBytes, ...versions] = await Promise.all([
    getconf('CLK_TCK', DEFAULT_CLOCK_TICKS_HZ),
    getconf('PAGESIZE', DEFAULT_PAGE_BYTES),
    ...names.map((name) => versionOf(name)),
  ]);
  const tools: Host['tools'] = {};
  names.forEach((name, i) => {
    const version = versions[i];
    if (version != null) tools[name] = version;
  });
  return {
    kernel: release(),
    arch: process.arch,
    cpus: availableParallelism(),
    memBytes: totalmem(),
    nodeVersion: process.version,
    isRoot: process.geteuid?.() === 0,
    clockTicksHz,
    pageBytes,
    tools,
  };
}

async function getconf(name: string, otherwise: number): Promise<number> {
  const value = Number((await output('getconf', [name])) ?? NaN);
  return Number.isInteger(value) && value > 0 ? value : otherwise;
}

/** `perf version 6.1.176` -> `6.1.176`; the first line as it is where there is no number in it; null: not installed. */
async function versionOf(tool: string): Promise<string | null> {
  const text = await output(tool, VERSION_ARGS[tool] ?? []);
  if (text === null) return null;
  const line = text.trim().split('\n')[0] ?? '';
  return /\d+\.\d[\w.~+-]*/.exec(line)?.[0] ?? line.slice(0, 80);
}

/** What it printed, whatever its exit code; null when it could not be started or did not end. */
async function output(file: string, args: string[]): Promise<string | null> {
  try {
    const { stdout, stderr } = await run(file, args, { timeout: TIMEOUT_MS, env: { ...process.env, LC_ALL: 'C' } });
    return stdout || stderr;
  } catch (error) {
    const { code, stdout, stderr } = error as { code?: unknown; stdout?: string; stderr?: string };
    return typeof code === 'number' ? (stdout || stderr || '') : null;
  }
}
