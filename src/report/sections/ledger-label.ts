import type { LedgerPart } from '../../types.js';

const WORDS: Record<LedgerPart['state'], string> = {
  user: 'user code',
  gc: 'garbage collection',
  kernel: 'in the kernel',
  blocked: 'blocked',
  'run-queue': 'waiting for a CPU',
  idle: 'idle, waiting for events',
};

/** `blocked in futex`, `kernel: sendto`, `user code` */
export function ledgerLabel({ state, syscall }: Pick<LedgerPart, 'state' | 'syscall'>): string {
  if (syscall === undefined || state === 'idle') return WORDS[state];
  if (state === 'kernel') return `kernel: ${syscall}`;
  return state === 'blocked' ? `blocked in ${syscall}` : WORDS[state];
}
