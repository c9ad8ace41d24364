import type { PerfFrame } from './perf-script.js';

/** Why a thread was in the kernel. */
export type KernelEntry =
  | { kind: 'syscall'; name: string }
  | { kind: 'fault' }
  | { kind: 'interrupt' }
  /** In the kernel, but its first frames were not seen. */
  | { kind: 'other' };

/** Entry points named after the call: `__x64_sys_epoll_pwait`, `__arm64_sys_read`, `__ia32_compat_sys_futex`. */
const WRAPPER = /^_*(?:x64|arm64|ia32|riscv|se|s390x?)?_*(?:compat_)?sys_([a-z]\w*)$/;

/** Where the wrapper was inlined, the function below it still carries the call's name. */
const WORKER = /^(?:ksys|__sys|do_sys|__do_sys|do_compat|do)_([a-z]\w*)$/;

/** `do_epoll_wait.constprop.0`, `do_syscall_64.part.0` */
const COMPILER_SUFFIX = /\.(?:constprop|isra|part|cold)\b.*$/;

/** Functions that go by another name than their calls. */
const ALIASES: Record<string, string> = { openat2: 'openat', accept: 'accept4', pselect: 'pselect6' };

const DISPATCH = /^(?:do_syscall_64|x64_sys_call|invoke_syscall|el0_svc_common|do_el0_svc|el0_svc|el0t_64_sync_handler|el0t_64_sync|entry_SYSCALL_64\w*|do_int80_syscall_32|do_fast_syscall_32)$/;
const FAULT = /^(?:asm_)?exc_page_fault$|^do_page_fault$|^do_mem_abort$|^do_user_addr_fault$|^handle_mm_fault$/;
const INTERRUPT = /^asm_(?:sysvec|common_interrupt|exc_nmi)|^sysvec_|^el0t_64_irq|^el1h_64_irq|^common_interrupt$/;

/**
 * How the thread came into the kernel, read from the root side of the kernel's part of the stack; null when the sample
 * was not in the kernel.
 *
 *   leaf  tcp_sendmsg < sock_write_iter < vfs_writev < do_writev < do_syscall_64 < entry_SYSCALL_64 | __GI___writev  root
 *                                                      ^ names the call
 */
export function kernelEntry(stack: readonly PerfFrame[]): KernelEntry | null {
  if (stack[0]?.kind !== 'kernel') return null;
  const kernel = stack.slice(0, stack.findIndex((frame) => frame.kind !== 'kernel') >>> 0).reverse();
  let inSyscall = false;
  for (const frame of kernel) {
    const name = frame.name.replace(COMPILER_SUFFIX, '');
    if (DISPATCH.test(name)) {
      inSyscall = true;
      continue;
    }
    const wrapper = WRAPPER.exec(name);
    if (wrapper) return { kind: 'syscall', name: wrapper[1] ?? '' };
    if (!inSyscall) {
      if (FAULT.test(name)) return { kind: 'fault' };
      if (INTERRUPT.test(name)) return { kind: 'interrupt' };
      continue;
    }
    const worker = WORKER.exec(name)?.[1];
    return { kind: 'syscall', name: worker === undefined ? 'unknown' : ALIASES[worker] ?? worker };
  }
  return inSyscall ? { kind: 'syscall', name: 'unknown' } : { kind: 'other' };
}
