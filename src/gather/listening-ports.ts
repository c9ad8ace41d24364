import { readTcp } from '../target/sockets.js';

/** More are not worth a line each in a program: they are asked for in vain by one who only listens. */
const AT_MOST = 300;

/** Ports that somebody listens on, in the network namespace of a process. Empty where /proc does not tell. */
export function listeningPorts(pid: number): number[] {
  const ports = readTcp(pid).flatMap(({ state, port }) => (state === 'LISTEN' && port > 0 ? [port] : []));
  return [...new Set(ports)].slice(0, AT_MOST);
}
