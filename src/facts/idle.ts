/**
 * Syscalls in which a thread waits for work rather than being kept from it: the event wait of a loop, the next
 * connection of a worker.
 */
const IDLE = new Set(['epoll_wait', 'epoll_pwait', 'epoll_pwait2', 'poll', 'ppoll', 'select', 'pselect6', 'io_uring_enter', 'accept', 'accept4']);

export const isIdleWait = (syscall: string): boolean => IDLE.has(syscall);

/** A thread that works for a serving one waits for its next job on a futex or condition; a serving one, for a lock. */
export const isIdleFor = (role: 'serving' | 'worker' | 'helper', syscall: string): boolean =>
  isIdleWait(syscall) || (role !== 'serving' && syscall === 'futex');
