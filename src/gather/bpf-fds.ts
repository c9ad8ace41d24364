import { readdirSync, readlinkSync } from 'node:fs';

/** Logs and pipes are opened early and have low numbers; beyond these are connections. */
const FDS_AT_MOST = 512;

/** What the descriptors of processes lead to: a path, or `socket`, `pipe`, `anon_inode:[eventpoll]`. */
export const fdsNote = (pids: readonly number[]) => ({ type: 'whyslow_fds', data: { fds: fdTargets(pids) } });

function fdTargets(pids: readonly number[]): { pid: number; fd: number; to: string }[] {
  return pids.flatMap((pid) => fdsOf(pid).flatMap((fd) => {
    const to = linkOf(pid, fd);
    return to === null ? [] : [{ pid, fd, to: to.replace(/^(socket|pipe):\[\d+\]$/, '$1') }];
  }));
}

function fdsOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${String(pid)}/fd`).map(Number).sort((a, b) => a - b).slice(0, FDS_AT_MOST);
  } catch {
    return [];
  }
}

/** A descriptor may be closed between the listing and the reading. */
function linkOf(pid: number, fd: number): string | null {
  try {
    return readlinkSync(`/proc/${String(pid)}/fd/${String(fd)}`);
  } catch {
    return null;
  }
}
