import { readProcText } from '../target/procfs.js';
import { socketInodes } from '../target/sockets.js';

/** Established sockets of the served port by the process that holds them: its fds joined with the table by inode. */
export function establishedByPid(pids: readonly number[], port: number): Record<string, number> {
  const counts: Record<string, number> = {};
  const witness = pids[0];
  if (witness === undefined) return counts;
  const inodes = new Set([...inodesOf(`/proc/${witness}/net/tcp`, port), ...inodesOf(`/proc/${witness}/net/tcp6`, port)]);
  if (inodes.size === 0) return counts;
  for (const pid of pids) {
    const held = [...socketInodes(pid)].filter((inode) => inodes.has(inode)).length;
    if (held > 0) counts[pid] = held;
  }
  return counts;
}

/**
 * https://docs.kernel.org/networking/proc_net_tcp.html: state 01 is ESTABLISHED, the inode is the tenth column.
 *
 *    4: 0100007F:46A0 0100007F:9D2C 01 00000000:00000000 00:00000000 00000000     0        0 1035240 1 ...
 */
function inodesOf(table: string, port: number): number[] {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  // One regular expression over the whole: the table may hold 30,000 lines of TIME_WAIT.
  const line = new RegExp(`:${hex} [0-9A-F]+:[0-9A-F]{4} 01 \\S+ \\S+ +\\S+ +\\d+ +\\d+ (\\d+)`, 'g');
  return Array.from(readProcText(table).matchAll(line), (match) => Number(match[1]));
}
