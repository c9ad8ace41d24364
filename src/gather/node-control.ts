import { closeSync, constants, existsSync, fstatSync, lstatSync, openSync, readdirSync, readFileSync, readSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { monotonicNs } from './clock.js';
import { replaceWhole } from './control-file.js';

/** What whyslow says to every preload: DIR/control.json, read by each about every 250 ms. */
export interface NodeControl {
  /** The preloads leave by themselves after this: whyslow is no more. */
  aliveUntilNs: number;
  stop?: true;
  /** Sample what Clinic Doctor would. */
  doctor?: true;
  profile?: {
    id: number;
    fromNs: number;
    /** A lease, renewed while whyslow lives: the profile ends then at the latest. */
    toNs: number;
    /** Kernel thread ids; empty = every thread. */
    tids: number[];
    intervalUs: number;
  };
}

const CONTROL_FILE = 'control.json';

/** From launch to the first renewal: a shell wrapper or a build may come before Node. */
const FIRST_LEASE_S = 120;

/** Merges into the control file. */
export function updateControl(dir: string, patch: Partial<NodeControl>): void {
  const file = join(dir, CONTROL_FILE);
  const next: NodeControl = { aliveUntilNs: monotonicNs() + FIRST_LEASE_S * 1e9, ...readControl(file), ...patch };
  replaceWhole(file, JSON.stringify(next));
}

/** Whether preloads are spoken to in this run. */
export const isUnderControl = (dir: string): boolean => existsSync(join(dir, CONTROL_FILE));

export const removeControl = (dir: string): void => rmSync(join(dir, CONTROL_FILE), { force: true });

function readControl(file: string): Partial<NodeControl> {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

/** A file that one thread of the target left: `<kind>.<pid>.<tid>.<extension>`. */
export interface ThreadFile { file: string; pid: number; tid: number; bytes: number; modifiedMs: number }

const NAME = { node: /^node\.(\d+)\.(\d+)\.ndjson$/, cpuprofile: /^cpuprofile\.(\d+)\.(\d+)\.json$/ } as const;

/** Regular files only: the target could lay links or pipes there. */
export function threadFiles(dir: string, kind: keyof typeof NAME): ThreadFile[] {
  return readdirSync(dir).flatMap((file) => {
    const [, pid, tid] = NAME[kind].exec(file) ?? [];
    const stat = pid === undefined ? undefined : lstatSync(join(dir, file), { throwIfNoEntry: false });
    return stat?.isFile() ? [{ file, pid: Number(pid), tid: Number(tid), bytes: stat.size, modifiedMs: stat.mtimeMs }] : [];
  });
}

/** In a pid namespace of its own the target names its threads otherwise than we do: then a fresh line is the sign of life. */
export function isRunning(dir: string, { file, pid, tid }: ThreadFile): boolean {
  if (existsSync(`/proc/${pid}/task/${tid}`)) return true;
  const stat = lstatSync(join(dir, file), { throwIfNoEntry: false });
  return stat !== undefined && Date.now() - stat.mtimeMs < FRESH_MS;
}

/** A loop that turns writes every 250 ms. */
const FRESH_MS = 600;

/** The lines of a thread's file from `fromByte` on that read as JSON objects; '' and a cut last line are left out. */
export function recordsFrom(dir: string, file: string, fromByte: number): Record<string, unknown>[] {
  const text = readFrom(join(dir, file), Math.max(0, fromByte));
  return text.split('\n').flatMap((line) => {
    try {
      const value: unknown = JSON.parse(line);
      return typeof value === 'object' && value !== null ? [value as Record<string, unknown>] : [];
    } catch {
      return [];
    }
  });
}

const MAX_READ_BYTES = 4 * 1024 * 1024;

function readFrom(path: string, fromByte: number): string {
  let fd: number | null = null;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const size = Math.min(fstatSync(fd).size - fromByte, MAX_READ_BYTES);
    if (size <= 0) return '';
    const buffer = Buffer.alloc(size);
    return buffer.toString('utf8', 0, readSync(fd, buffer, 0, size, fromByte));
  } catch {
    return '';
  } finally {
    if (fd !== null) closeSync(fd);
  }
}

/** Asks again and again until `met` or the time is over; tells which. */
export async function waitUntil(met: () => boolean, timeoutMs: number, everyMs = 25): Promise<boolean> {
  const untilNs = monotonicNs() + timeoutMs * 1e6;
  while (!met()) {
    if (monotonicNs() > untilNs) return false;
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
  return true;
}
