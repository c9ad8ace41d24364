import { readProcLink } from '../target/procfs.js';
import { openFds } from '../target/sockets.js';

/** Logs and pipes are opened early and have low numbers; beyond these are connections. */
const FDS_AT_MOST = 512;

/** What the descriptors of processes lead to: a path, or `socket`, `pipe`, `anon_inode:[eventpoll]`. */
export const fdsNote = (pids: readonly number[]) => ({ type: 'whyslow_fds', data: { fds: fdTargets(pids) } });

function fdTargets(pids: readonly number[]): { pid: number; fd: number; to: string }[] {
  return pids.flatMap((pid) => lowestFds(pid).flatMap((fd) => {
    // A descriptor may be closed between the listing and the reading.
    const to = readProcLink(`/proc/${pid}/fd/${fd}`);
    return to === null ? [] : [{ pid, fd, to: to.replace(/^(socket|pipe):\[\d+\]$/, '$1') }];
  }));
}

const lowestFds = (pid: number): number[] => openFds(pid).map(Number).sort((a, b) => a - b).slice(0, FDS_AT_MOST);
