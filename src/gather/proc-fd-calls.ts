/**
 * Syscalls that can block and whose first argument is a file descriptor, by number.
 * Source: arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h of the kernel.
 */
const X64: Record<string, number> = {
  read: 0, write: 1, close: 3, fstat: 5, ioctl: 16, pread64: 17, pwrite64: 18, readv: 19, writev: 20, sendfile: 40,
  connect: 42, accept: 43, sendto: 44, recvfrom: 45, sendmsg: 46, recvmsg: 47, shutdown: 48, fcntl: 72, flock: 73,
  fsync: 74, fdatasync: 75, ftruncate: 77, getdents: 78, getdents64: 217, epoll_wait: 232, splice: 275,
  sync_file_range: 277, epoll_pwait: 281, fallocate: 285, accept4: 288, preadv: 295, pwritev: 296, recvmmsg: 299,
  sendmmsg: 307, preadv2: 327, pwritev2: 328, io_uring_enter: 426, epoll_pwait2: 441,
};

const ARM64: Record<string, number> = {
  epoll_pwait: 22, fcntl: 25, ioctl: 29, flock: 32, ftruncate: 46, fallocate: 47, close: 57, getdents64: 61, read: 63,
  write: 64, readv: 65, writev: 66, pread64: 67, pwrite64: 68, preadv: 69, pwritev: 70, sendfile: 71, splice: 76,
  fstat: 80, fsync: 82, fdatasync: 83, sync_file_range: 84, accept: 202, connect: 203, sendto: 206, recvfrom: 207,
  shutdown: 210, sendmsg: 211, recvmsg: 212, accept4: 242, recvmmsg: 243, sendmmsg: 269, preadv2: 286, pwritev2: 287,
  io_uring_enter: 426, epoll_pwait2: 441,
};

const TABLES: Record<string, Record<string, number>> = { x64: X64, arm64: ARM64 };

/** Empty for an unknown architecture: then samples carry no fd. */
export const fdCalls = (arch: string): ReadonlySet<number> => new Set(Object.values(TABLES[arch] ?? {}));

/** futex(uaddr, op, val, timeout, ...), by number. */
const FUTEX: Record<string, number> = { x64: 202, arm64: 98 };

/** -1 for an unknown architecture: then samples carry no address. */
export const futexCall = (arch: string): number => FUTEX[arch] ?? -1;
