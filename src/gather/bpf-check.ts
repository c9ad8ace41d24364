import type { Availability } from '../types.js';
import { spawnBpftrace, whyNot } from './bpf-spawn.js';
import { watchEnd } from './tool-process.js';

/** What the scripts are built on. `reads` and `sockets` need a kernel with BTF, and 6.3 for the length tracepoints. */
export type BpfFeature = 'syscalls' | 'sched' | 'reads' | 'sockets';

/** Attached for a moment: nothing but that tells whether it works. Predicates never match, the interval ends it. */
const TRIES: Record<BpfFeature, string> = {
  syscalls: 'tracepoint:raw_syscalls:sys_exit /pid == 0/ { @a = count(); }',
  sched: 'tracepoint:sched:sched_switch /pid == 1 && pid == 0/ { @b = count(); } tracepoint:signal:signal_generate /args->sig == 9999/ { @c = count(); }',
  reads: 'tracepoint:sock:sock_recv_length /args->ret == 2147483647/ { $sk = (struct sock *)args->sk; @d[$sk->__sk_common.skc_num] = count(); }',
  sockets: 'tracepoint:sock:sock_send_length /args->ret == 2147483647/ { $t = (struct tcp_sock *)args->sk; @e[$t->write_seq - $t->snd_nxt, $t->nonagle & 1] = count(); }',
};

/** Long enough for a loaded machine; bpftrace takes 0.3 s on a quiet one. */
const TIMEOUT_MS = 10_000;

const AS_ROOT = 'run as root (sudo), or in a container with CAP_BPF, CAP_PERFMON and CAP_SYS_ADMIN';

const tried = new Map<BpfFeature, Promise<Availability>>();

/** Tried as one program; half of the time that it takes is for what needs BTF. */
const TOGETHER: readonly (readonly BpfFeature[])[] = [['syscalls', 'sched'], ['reads', 'sockets']];

/** Whether this machine takes such a program, by trying once: several as one program, and one by one only where that is refused. */
export function canUse(feature: BpfFeature): Promise<Availability> {
  const known = tried.get(feature);
  if (known) return known;
  for (const group of TOGETHER) {
    const whole = attach(group.map((id) => TRIES[id]).join(' '));
    for (const id of group) tried.set(id, whole.then((all) => (all.ok ? all : attach(TRIES[id]))));
  }
  return canUse(feature);
}

async function attach(program: string): Promise<Availability> {
  const child = spawnBpftrace(['-e', `BEGIN { printf("pid %d\\n", pid); } interval:ms:1 { exit(); } ${program}`], 'pipe');
  let stdout = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => { stdout += text; });
  const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS);
  const { code, signal, stderr } = await watchEnd(child).ended;
  clearTimeout(timer);
  if (code === 127) return { ok: false, reason: 'bpftrace is not installed', enable: 'apt install bpftrace, or your distribution\'s package' };
  const pid = /pid (\d+)/.exec(stdout)?.[1];
  if (code !== 0 || pid === undefined) {
    const said = signal === 'SIGKILL' ? `bpftrace did not start within ${String(TIMEOUT_MS / 1000)} s` : whyNot(stderr);
    if (process.geteuid?.() !== 0) return { ok: false, reason: 'eBPF needs root', enable: AS_ROOT };
    if (/permitted|permission|denied/i.test(said)) return { ok: false, reason: `eBPF is not permitted here (${said})`, enable: AS_ROOT };
    return { ok: false, reason: said, enable: 'a kernel from 6.3 on, with BTF (/sys/kernel/btf/vmlinux)' };
  }
  if (Number(pid) !== child.pid) {
    return { ok: false, reason: 'whyslow runs in a PID namespace: eBPF sees other process ids than it does', enable: 'run whyslow on the host, or in a container with --pid=host' };
  }
  return { ok: true };
}
