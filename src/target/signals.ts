import { readProcText } from './procfs.js';

/** Of SIGUSR1 (10) and SIGPROF (27) in the masks: bit N - 1. */
export const SIGUSR1_BIT = 1n << 9n;
export const SIGPROF_BIT = 1n << 26n;

/** Signals that a process has a handler for, keeps from itself, and throws away. */
export interface SignalMasks { caught: bigint; blocked: bigint; ignored: bigint }

/**
 * From /proc/PID/status, https://docs.kernel.org/filesystems/proc.html; null when it vanished.
 *
 *   SigBlk:	0000000000000000
 *   SigIgn:	0000000001001000
 *   SigCgt:	0000000108004602
 */
export function signalMasks(pid: number): SignalMasks | null {
  const status = readProcText(`/proc/${pid}/status`);
  if (status === '') return null;
  const mask = (name: string) => BigInt(`0x${new RegExp(`^${name}:\\s*([0-9a-f]+)$`, 'm').exec(status)?.[1] ?? '0'}`);
  return { caught: mask('SigCgt'), blocked: mask('SigBlk'), ignored: mask('SigIgn') };
}
