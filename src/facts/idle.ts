/** The wait of loops with many connections. */
const EPOLL = new Set(['epoll_wait', 'epoll_pwait', 'epoll_pwait2', 'io_uring_enter']);

/** The wait of smaller loops, and of a single call with a time limit: Python's sockets with a timeout stand in poll. */
const SMALL = new Set(['poll', 'ppoll', 'select', 'pselect6']);

const ACCEPT = new Set(['accept', 'accept4']);

/**
 * Syscalls in which a thread waits for work rather than being kept from it: the event wait of a loop, the next
 * connection of a worker.
 */
export const isIdleWait = (syscall: string): boolean => EPOLL.has(syscall) || SMALL.has(syscall) || ACCEPT.has(syscall);

export const isEpollWait = (syscall: string): boolean => EPOLL.has(syscall);

/**
 * Which calls are idle waits of one thread, by all the calls it makes: a thread that works for a serving one waits for its
 * next job on a futex or condition, a serving one for a lock; and in a thread whose loop waits in epoll, poll is a call that
 * blocks the loop.
 */
export function idleTest(role: 'serving' | 'worker' | 'helper', calls: readonly string[]): (syscall: string) => boolean {
  const loops = calls.some(isEpollWait);
  return (syscall) => (SMALL.has(syscall) ? !loops : isIdleWait(syscall)) || (role !== 'serving' && syscall === 'futex');
}
