import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { readProcLink, readProcText } from '../target/procfs.js';
import { openFds } from '../target/sockets.js';

/** How long bpftrace gets to hear a SIGINT before it is sent again. */
const UNHEARD_MS = 200;

/** Syscalls as /proc/PID/syscall tells them, on x86_64 and aarch64: write(1, ...), and epoll_wait or epoll_pwait. */
const WRITES = /^(1|64) 0x1 /;
const POLLS = /^(232|281|22) /;

/** It is compiled, and waits for us to read. */
export const isWriting = (pid?: number): boolean => standsIn(WRITES, pid);

/** False as well while the child that will become bpftrace is still a copy of us. */
const standsIn = (call: RegExp, pid = 0): boolean =>
  readProcText(`/proc/${pid}/comm`).trim() === 'bpftrace' && call.test(readProcText(`/proc/${pid}/syscall`));

/** Probes and buffers that it holds open. */
export const attachments = (pid = 0): number =>
  openFds(pid).filter((fd) => /perf_event|bpf[_-]link/.test(readProcLink(`/proc/${pid}/fd/${fd}`) ?? '')).length;

/**
 * Sends SIGINT until it is heard: bpftrace 0.17 ends only when the signal interrupts its epoll_wait, and one that comes
 * while it handles an event is lost for good (1 in 10 on a busy machine). It has heard once it lets go of a probe.
 */
export async function interruptHeard(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  let over = false;
  void ended.then(() => { over = true; });
  const held = attachments(child.pid);
  child.kill('SIGINT');
  for (;;) {
    await Promise.race([ended, sleep(UNHEARD_MS, undefined, { ref: false })]);
    if (over || attachments(child.pid) < held) return;
    if (standsIn(POLLS, child.pid)) child.kill('SIGINT');
  }
}
