/**
 * Syscalls in which a thread waits for work rather than being kept from it: the event wait of a loop, the next
 * connection of a worker.
 */
const IDLE = new Set(['epoll_wait', 'epoll_pwait', 'epoll_pwait2', 'poll', 'ppoll', 'select', 'pselect6', 'io_uring_enter', 'accept', 'accept4']);

export const isIdleWait = (syscall: string): boolean => IDLE.has(syscall);
