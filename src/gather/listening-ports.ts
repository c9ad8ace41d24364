import { readFileSync } from 'node:fs';

/** More are not worth a line each in a program: they are asked for in vain by one who only listens. */
const AT_MOST = 300;

/** TCP_LISTEN in the `st` column: include/net/tcp_states.h of the kernel. */
const LISTEN = '0A';

/** Ports that somebody listens on, in the network namespace of a process. Empty where /proc does not tell. */
export function listeningPorts(pid: number): number[] {
  const lines = ['tcp', 'tcp6'].flatMap((table) => linesOf(`/proc/${String(pid)}/net/${table}`));
  const ports = lines.flatMap((line) => {
    //   0: 0100007F:1F90 00000000:0000 0A ...
    const [, local = '', , state] = line.trim().split(/\s+/);
    return state === LISTEN ? [parseInt(local.slice(local.lastIndexOf(':') + 1), 16)] : [];
  });
  return [...new Set(ports)].filter((port) => port > 0).slice(0, AT_MOST);
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, 'latin1').split('\n').slice(1);
  } catch {
    return [];
  }
}
