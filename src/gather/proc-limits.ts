import { statSync } from 'node:fs';
import { openFilesLimit } from '../target/open-files.js';
import { openProc, readProcOnce, type ProcFile } from './proc-file.js';

/** CPU bandwidth of one cgroup that holds (a part of) the target: its quota, and how often that was used up. */
export interface CgroupRecord {
  path: string;
  /** Microseconds of CPU a period; null: no limit. */
  quotaUs: number | null;
  periodUs: number;
  periods: number;
  throttled: number;
  throttledUs: number;
}

export interface LimitsReader {
  /** Those with a quota, or that were throttled once. */
  cgroups(pids: readonly number[]): CgroupRecord[];
  /** Soft and hard limit on open files, by pid. */
  nofile(pids: readonly number[]): Record<string, [soft: number, hard: number]>;
  close(): void;
}

/** Where cgroups are mounted: one tree (v2), or one folder a controller (v1). */
const V2_ROOTS = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'];
const V1_ROOTS = ['/sys/fs/cgroup/cpu,cpuacct', '/sys/fs/cgroup/cpu'];

interface Group { path: string; stat: ProcFile; limits: ProcFile[]; version: 1 | 2 }

/**
 * Follows the cgroups of the target and all groups above them: a quota anywhere on the way up holds it.
 * https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files, https://docs.kernel.org/scheduler/sched-bwc.html
 *
 *   /proc/PID/cgroup     0::/app.slice/web.service           v2
 *                        4:cpu,cpuacct:/docker/4f2a...       v1
 */
export function limitsReader(): LimitsReader {
  const groups = new Map<string, Group>();
  const known = new Set<string>();
  const seen = new Map<number, string>();

  const follow = (pid: number): void => {
    const text = readProcOnce(`/proc/${pid}/cgroup`);
    if (text === seen.get(pid)) return;
    seen.set(pid, text);
    for (const path of foldersOf(text)) {
      if (known.has(path)) continue;
      known.add(path);
      const group = open(path);
      if (group) groups.set(path, group);
    }
  };

  return {
    cgroups(pids) {
      for (const pid of pids) follow(pid);
      return [...groups.values()].flatMap((group) => read(group) ?? []);
    },
    nofile: (asked) => Object.fromEntries(asked.flatMap((pid) => {
      const limit = openFilesLimit(pid);
      return limit ? [[String(pid), [limit.soft, limit.hard]]] : [];
    })),
    close() {
      for (const { stat, limits } of groups.values()) for (const file of [stat, ...limits]) file.close();
    },
  };
}

/** Folders of the group and of those above it that exist here; a container may see only its own. */
function foldersOf(text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (path === undefined || controllers === undefined || path.includes('..')) return [];
    const roots = controllers === '' ? V2_ROOTS : controllers.split(',').includes('cpu') ? V1_ROOTS : [];
    const parts = path.split('/').filter(Boolean);
    return roots.filter(exists).flatMap((root) => parts.map((_, i) => `${root}/${parts.slice(0, i + 1).join('/')}`).concat(root));
  });
}

const exists = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

function open(path: string): Group | null {
  const stat = openProc(`${path}/cpu.stat`);
  if (!stat) return null;
  const v2 = openProc(`${path}/cpu.max`);
  const v1 = [openProc(`${path}/cpu.cfs_quota_us`), openProc(`${path}/cpu.cfs_period_us`)].filter((file) => file !== null);
  const limits = v2 ? [v2] : v1;
  if (limits.length === (v2 ? 1 : 2)) return { path, stat, limits, version: v2 ? 2 : 1 };
  for (const file of [stat, ...limits]) file.close();
  return null;
}

/** Null when the group is gone, or never was limited. */
function read({ path, stat, limits, version }: Group): CgroupRecord | null {
  const [quota, period] = version === 2 ? (limits[0]?.text() ?? '').trim().split(' ') : limits.map((file) => file.text().trim());
  const quotaUs = quota === 'max' || Number(quota) <= 0 ? null : Number(quota);
  const counters = Object.fromEntries(stat.text().split('\n').map((line) => line.split(' ') as [string, string]));
  const count = (name: string): number => Number(counters[name] ?? 0);
  const throttledUs = version === 2 ? count('throttled_usec') : count('throttled_time') / 1000;
  if (period === undefined || (quotaUs === null && count('nr_throttled') === 0)) return null;
  return { path, quotaUs, periodUs: Number(period), periods: count('nr_periods'), throttled: count('nr_throttled'), throttledUs };
}
