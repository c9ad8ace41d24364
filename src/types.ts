/**
 * The vocabulary of whyslow: what flows from probes to facts to rules to the report.
 *
 * Units are in the names: Ns (nanoseconds), Us, Ms, S, Share (0..1 of a whole), PerRequest.
 * Every timestamp is CLOCK_MONOTONIC in nanoseconds (exact up to 104 days of uptime, +-2 ns beyond).
 */

/** A value, or why there is none. Survives JSON. */
export type Gathered<T> = { ok: true; value: T } | { ok: false; reason: string; enable?: string };

/** Whether something can be done on this machine, and if not, why and what would change that. */
export type Availability = { ok: true } | { ok: false; reason: string; enable: string };

export type Runtime = 'node' | 'python' | 'native';

// ---------------------------------------------------------------- host and settings

/** What this machine is and allows. Read once, before anything is launched. */
export interface Host {
  kernel: string;
  arch: string;
  cpus: number;
  memBytes: number;
  nodeVersion: string;
  isRoot: boolean;
  /** _SC_CLK_TCK: unit of utime/stime in /proc/PID/stat. */
  clockTicksHz: number;
  pageBytes: number;
  /** Version text by tool (`bpftrace`, `perf`, `strace`, `wrk`, `ss`); absent = not installed. */
  tools: Partial<Record<string, string>>;
}

/** All options of a run, validated once and frozen. */
export interface Settings {
  /** Empty for attach. */
  command: string[];
  /** PID, :PORT or name of the running server to attach to; null to launch `command`. */
  attach: string | null;
  /** Node internals on attach: SIGUSR1 may be sent. */
  signalOk: boolean;
  /** Nothing that slows each system call. */
  gentle: boolean;
  /** The off-cpu probe; absent in older runs. */
  offCpu?: boolean;
  /** The target is launched so that perf learns the names of its functions; absent in older runs. */
  perfMap?: boolean;
  /** Given by the user; otherwise found by watching the target listen. */
  url: string | null;
  port: number | null;
  load: LoadSettings;
  /** Probe ids asked for, or null for the default set. */
  probes: ProbeId[] | null;
  readyTimeoutS: number;
  /** Account the target runs as: --user, or SUDO_USER. */
  user: string | null;
  allowRemote: boolean;
  verbose: boolean;
  /** Also what Clinic Doctor would say; absent = no. */
  secondOpinion?: true;
}

export interface LoadSettings {
  /** `autocannon`, `wrk`, `none`, or a command line to run. */
  tool: string;
  connections: number;
  durationS: number;
  warmupS: number;
  method: string;
  headers: [name: string, value: string][];
  body: string | null;
  keepAlive: boolean;
  /** Requests a second over all connections; null = as fast as answers come. */
  rate: number | null;
  /** Stop after this many requests (warm-up not counted); null = by duration. */
  amount: number | null;
  timeoutS: number;
}

// ---------------------------------------------------------------- target

/** One process of the target's tree, as /proc told it. */
export interface ProcessInfo {
  pid: number;
  ppid: number;
  /** Start time in clock ticks since boot: with the pid it names a process for good. */
  startTicks: number;
  comm: string;
  cmdline: string[];
  runtime: Runtime;
  /** Holds a listening socket on the target's port. */
  listens: boolean;
}

export interface TargetInfo {
  origin: 'launch' | 'attach';
  command: string[];
  /** Root of the tree. */
  pid: number;
  /** Runtime of the processes that hold the listening port. */
  runtime: Runtime;
  url: string | null;
  port: number | null;
  /** Every process ever seen in the tree. */
  processes: ProcessInfo[];
}

// ---------------------------------------------------------------- windows and probes

/**
 * A run is cut on the time axis:
 *
 *   startup | warmup | clean | observed | sockets | ledger | profile | clean | off-cpu | strace | drain
 *
 * `clean` holds no heavy probe: throughput and latency are read there.
 */
export type WindowName =
  | 'startup' | 'warmup' | 'clean' | 'observed' | 'sockets' | 'ledger' | 'profile' | 'off-cpu' | 'strace' | 'drain';

export interface Window {
  name: WindowName;
  startNs: number;
  endNs: number;
}

export type ProbeId =
  | 'proc'          // /proc at 100 Hz, all along
  | 'ss'            // ss -tinm, a few times
  | 'sched'         // eBPF: on/off CPU, run queue, gaps between socket reads; stays on
  | 'syscalls'      // eBPF: calls, errors, latency; startup and `observed`
  | 'event-loop'    // eBPF: ticks; comes out of the syscalls program, same window
  | 'failed-paths'  // eBPF: path lookups that fail; startup and `sockets`
  | 'sockets'       // eBPF: reads and sends of the served port, one request at a time; `sockets`
  | 'ledger'        // eBPF: where each thread's wall time goes; `ledger`
  | 'perf'          // perf record, on-CPU stacks, stays on
  | 'node'          // preload: loop delay, ELU, GC, heap
  | 'python'        // sitecustomize: GC
  | 'cpuprofile'    // preload: V8 CPU profile; `profile`
  | 'python-profile' // sitecustomize: SIGPROF sampler; `profile`
  | 'off-cpu'       // eBPF: stacks with which threads sleep; only when asked for, `off-cpu`
  | 'strace';       // fallback where eBPF is refused: startup and a window of its own

export interface ProbeStatus {
  id: ProbeId;
  status: 'ok' | 'unavailable' | 'failed' | 'off';
  weight: 'light' | 'heavy';
  /** Why it is not ok; for `ok`, what it could not see, if anything. */
  reason?: string;
  enable?: string;
}

/** One file of raw output in a saved run. */
export interface Artifact {
  probe: ProbeId | 'load' | 'output' | 'source-places';
  /** The window it was gathered in; `all` where it spans them. */
  window: WindowName | 'all';
  /** File name below the run's `artifacts/`. */
  file: string;
  /** Whose output it is, where a probe writes one file a process. */
  pid?: number;
  tid?: number;
}

/** Where a function of a profile stands in the source that it was compiled from. Lines and columns count from 0. */
export interface SourcePlace {
  url: string;
  line: number;
  column: number;
  /** Path, or what the bundler calls it. */
  source: string;
  sourceLine: number;
  /** Before it was minified; null where the map does not tell. */
  name: string | null;
}

// ---------------------------------------------------------------- saved run

export interface Manifest {
  schema: 'whyslow-run/1';
  whyslow: string;
  createdAt: string;
  host: Host;
  settings: Settings;
  target: TargetInfo;
  windows: Window[];
  probes: ProbeStatus[];
  artifacts: Artifact[];
  /** Pids of the load generator (root first), none for --load none. */
  generatorPids: number[];
  loadTool: string | null;
  /** Set when the run was ended early by the user or the target. */
  interrupted: string | null;
}

/** A saved run, opened. Texts are read on first use. */
export interface Run {
  manifest: Manifest;
  text(artifact: Artifact): string;
}

// ---------------------------------------------------------------- load timeline

/** One line of load.ndjson: what came back in one slice (250 ms or 1 s). */
export interface LoadSlice {
  type: 'slice';
  startNs: number;
  endNs: number;
  completed: number;
  /** By status code. */
  statuses: Record<string, number>;
  /** By errno or message. */
  errors: Record<string, number>;
  timeouts: number;
  bytes: number;
  connectionsOpened: number;
  /** Completed requests by latency: key = lower bound of the bucket in us (<= 3% wide), value = count. */
  latencyUs: Record<string, number>;
}

/** Last line of load.ndjson. Whole-run figures of tools that give no slices stand here. */
export interface LoadSummary {
  type: 'summary';
  tool: string;
  startNs: number;
  endNs: number;
  completed: number | null;
  statuses: Record<string, number>;
  errors: Record<string, number>;
  timeouts: number;
  non2xx: number;
  connectionsOpened: number | null;
  latencyMs: Latency | null;
  /** The tool's own last output, for people; never parsed. */
  output: string;
}

export interface Latency { mean: number; p50: number; p90: number; p99: number; p999: number; max: number }

// ---------------------------------------------------------------- facts

/** How a fact reads others: by the fact itself, memoised, errors as values. */
export type FactReader = <T>(fact: Fact<T>) => Gathered<T>;

/** A pure, named computation over a saved run. Throw `NoData` (errors.ts) where the run holds nothing for it. */
export interface Fact<T> {
  name: string;
  compute(run: Run, read: FactReader): T;
}

/** What came back in one window, or over several of one name. */
export interface WindowLoad {
  name: WindowName | 'all';
  durationS: number;
  completed: number;
  rps: number;
  /** null where the tool gives no latency by time. */
  latencyMs: Latency | null;
  statuses: Record<string, number>;
  non2xx: number;
  errors: Record<string, number>;
  timeouts: number;
  connectionsOpened: number | null;
}

export interface RequestsFact {
  tool: string;
  connections: number;
  /** What the load asked for. */
  keepAlive: boolean;
  /** The clean windows together: the figures to quote. Falls back to `all` when no clean window was long enough. */
  headline: WindowLoad;
  all: WindowLoad;
  byWindow: WindowLoad[];
  slices: { startNs: number; endNs: number; rps: number; p50Ms: number | null; p99Ms: number | null }[];
  /** Requests in flight, by Little's law: rps x mean latency. Null without latency: `connections` for a closed loop. */
  inFlight: number | null;
  /** Rate of the last clean window over the first: 1 = steady. */
  drift: number | null;
  /** `generator`: counted by the load tool; `server`: counted at the server's sockets. */
  source: 'generator' | 'server';
  /** Answers whose status the server's own writes told, in a window: the statuses are their shares. Null: the generator's, or none. */
  statusesOf: number | null;
}

/**
 * What a call waits for. gil: the lock that lets one thread of an interpreter run. mutex: a lock that others hold. futex: a
 * condition, a semaphore, or a lock that does not look like one (Python's). client: a socket of the served port. listener: the served port itself. peer: a connection to another service.
 */
export interface WaitTarget {
  kind: 'gil' | 'mutex' | 'futex' | 'file' | 'client' | 'listener' | 'peer' | 'unix' | 'pipe' | 'event' | 'other';
  /** Path, address and port, or address in memory; for a client no more than that. */
  name: string;
  /** Of a futex: the wait ends by itself. */
  timed?: boolean;
}

export interface ThreadWait {
  /** Syscall name or `running`. */
  in: string;
  fd: number | null;
  share: number;
  /** What the fd or futex is, where that could be seen. */
  on?: WaitTarget;
}

export interface ThreadUse {
  pid: number;
  tid: number;
  name: string;
  /** serving: reads requests of the port; worker: does work for one that serves; helper: the rest. */
  role: 'serving' | 'worker' | 'helper';
  /** Shares of one core over the clean windows. */
  cpuShare: number;
  userShare: number;
  systemShare: number;
  runQueueShare: number;
  /** Where it stood when looked at (100 Hz): syscall name or `running`; shares sum to 1. fd when the call has one. */
  waits: ThreadWait[];
  voluntarySwitchesPerS: number;
  involuntarySwitchesPerS: number;
}

export interface ThreadsFact {
  durationS: number;
  cpus: number;
  threads: ThreadUse[];
  /** Per process, threads that ended meanwhile included. */
  processes: { pid: number; comm: string; serving: boolean; threads: number; cpuShare: number; minorFaultsPerS: number; majorFaultsPerS: number; /** Connections of the served port that it holds, most at any time. */ established?: number | null; /** CPU of ended children that it waited for, share of a core. */ childrenCpuShare?: number }[];
  /** How serving threads were told: by their reads on the port, by the sockets they hold, or by their CPU. */
  servingBy: 'reads' | 'sockets' | 'cpu';
  /** The load generator: its busiest thread and its total, as shares of one core; null with no generator of ours. */
  generator: { busiestThreadShare: number; totalShare: number; runQueueShare: number } | null;
  /** Cores idle on the whole machine, 0..cpus. */
  idleCores: number;
}

export type LedgerState = 'user' | 'gc' | 'kernel' | 'blocked' | 'run-queue' | 'idle';

export interface LedgerPart { state: LedgerState; syscall?: string; ns: number; share: number }

export interface LedgerThread {
  pid: number;
  tid: number;
  name: string;
  wallNs: number;
  /** Without overlap, largest first. `idle` is the wait for events or for the next connection. */
  parts: LedgerPart[];
  unaccountedShare: number;
}

/** All threads of a process together, those that ended meanwhile included; in threads, on average (time over the window's). */
export interface LedgerProcess {
  pid: number;
  /** Threads that ended in the window. */
  ended: number;
  onCpu: number;
  runQueue: number;
  kernel: { syscall: string; threads: number }[];
  blocked: { syscall: string; threads: number; endedThreads: number }[];
}

export interface LedgerFact {
  source: 'ebpf' | 'proc';
  threads: LedgerThread[];
  /** Serving processes; only where the kernel told. */
  processes?: LedgerProcess[];
}

export interface SyscallUse {
  name: string;
  phase: 'startup' | 'serving';
  calls: number;
  /** Null for startup, or where requests could not be counted. */
  perRequest: number | null;
  /** By errno name. */
  errors: Record<string, number>;
  timeNs: number;
  /** Quantiles of one call; null where only a total is known. */
  p50Ns: number | null;
  p99Ns: number | null;
  maxNs: number | null;
}

export interface SyscallsFact { source: 'ebpf' | 'strace'; calls: SyscallUse[] }

export interface FailedPath {
  path: string;
  errno: string;
  syscall: string;
  phase: 'startup' | 'serving';
  calls: number;
  perRequest: number | null;
  /** The tool cut the path at its limit. */
  truncated: boolean;
}

export interface FailedPathsFact {
  source: 'ebpf' | 'strace';
  paths: FailedPath[];
  /** Failing calls while serving, per request, all paths. Null where requests could not be counted. */
  servingPerRequest: number | null;
  startupCalls: number;
  /** Time in failing and succeeding lookups (openat, stat...) per request while serving; null without latencies. */
  servingMsPerRequest: number | null;
}

/** One place in code. */
export interface Frame {
  name: string;
  /** Path as the runtime gave it; null for native code without one. */
  file: string | null;
  line: number | null;
  kind: 'js' | 'python' | 'native' | 'kernel' | 'gc';
  /** Who owns it: the user's code, a package (its name in `package`), the runtime, the kernel. */
  origin: 'app' | 'dependency' | 'runtime' | 'kernel';
  package: string | null;
}

export interface HotFunction {
  frame: Frame;
  selfShare: number;
  totalShare: number;
  /**
   * Its total without what it hands back to the program: what a middleware calls through its framework, what `main` calls
   * through the server's loop. Absent where the source does not tell.
   */
  ownedShare?: number;
  callers: Frame[];
}

export interface HotFunctionsFact {
  source: 'cpuprofile' | 'python' | 'perf';
  pid: number;
  tid: number;
  samples: number;
  /** CPU time that the profile covers; null where samples stand for no known time. */
  onCpuMs: number | null;
  /** Shares are of the on-CPU time of that thread; by self time, largest first. */
  functions: HotFunction[];
  /** On-CPU share by origin, self time. */
  byOrigin: Record<Frame['origin'] | 'gc', number>;
  /** Share of the window that the thread was idle. */
  idleShare: number;
}

// ---------------------------------------------------------------- stacks

/** What a frame is. */
export type FrameKind = 'js' | 'python' | 'native' | 'kernel' | 'gc' | 'syscall' | 'idle';

/** One call of a stack. Names and files are untrusted text of any length. */
export interface StackFrame {
  name: string;
  kind: FrameKind;
  file: string | null;
  line: number | null;
  /** V8's tier, or inlined, where known. */
  tier?: 'interpreted' | 'baseline' | 'optimized' | 'inlined';
}

/** One distinct stack. */
export interface WeightedStack {
  /** Root first. */
  frames: readonly StackFrame[];
  weightNs: number;
  samples: number;
  pid: number;
  /** Null: of several threads. */
  tid: number | null;
  thread: string;
}

export interface StackProfile {
  /** What the weights are: time on a CPU, time that went by, time asleep. */
  unit: 'cpu' | 'wall' | 'off-cpu';
  source: 'v8' | 'perf' | 'python' | 'ebpf' | 'proc';
  window: WindowName | 'all';
  /** Time that was watched. */
  durationNs: number;
  /** Answered in that time; null: unknown. */
  requests: number | null;
  /** Heaviest first. */
  stacks: readonly WeightedStack[];
}

/** Which stacks of a run. */
export interface StackSelection {
  /** on-cpu: what used the CPU; stalls: what ran inside long ticks; off-cpu: where threads slept. */
  kind: 'on-cpu' | 'stalls' | 'off-cpu';
  /** Null: the one that names most of the program. */
  source: StackProfile['source'] | null;
  /** Thread id, or name of a thread; null: all. */
  thread: string | null;
  phase: WindowName | null;
  /** All threads as one. */
  merge: boolean;
  /** With the time in which a thread had nothing to do. */
  idle: boolean;
}

export type TickCause = 'gc' | 'blocked' | 'run-queue' | 'cpu' | 'unknown';

/** One turn of an event loop that kept everyone waiting. */
export interface LongTick {
  pid: number;
  tid: number;
  startNs: number;
  lengthNs: number;
  /** event-loop: return of epoll_wait to its next call; sched: CPU stretch without a socket read; node: the runtime's own delay; proc: looks at where it stood. */
  source: 'event-loop' | 'sched' | 'node' | 'proc';
  cause: TickCause;
  /** The syscall it sat in, for `blocked`. */
  syscall: string | null;
  /** The function that ran, where a profile covered it. */
  culprit: Frame | null;
}

export interface LoopThread {
  pid: number;
  tid: number;
  name: string;
  /** Ticks in the observed window; null where only the runtime was asked. */
  ticks: number | null;
  busyShare: number;
  /** Of one tick. */
  p50Ms: number | null;
  p99Ms: number | null;
  maxMs: number;
  /** Mean busy time of a tick that did work. */
  meanMs: number | null;
}

export interface EventLoopFact {
  source: 'ebpf' | 'node';
  threads: LoopThread[];
  /** Over the whole load; longest first is NOT implied: in order of time. */
  longTicks: LongTick[];
  /** What a tick must exceed to be listed, ms. */
  thresholdMs: number;
  /** Time in which long ticks could be seen, s. */
  watchedS: number;
  /** Share of the watched time inside long ticks, on the worst thread. */
  stalledShare: number;
}

export interface GcFact {
  /** Worst serving thread. */
  pid: number;
  tid: number;
  pauses: number;
  totalMs: number;
  maxMs: number;
  /** Of the thread's wall time over the load. */
  share: number;
  byKind: { kind: string; count: number; totalMs: number; maxMs: number }[];
  /** Null where the runtime does not tell (Python). */
  heapUsedMB: { first: number; last: number; max: number } | null;
  /** Bytes allocated a request, from heap growth between collections; null when not known. */
  allocatedPerRequestKB: number | null;
}

/** CPU that garbage collection takes of the serving process that it takes most of, the collector's own threads included. */
export interface GcCpuFact {
  pid: number;
  /** Of the process's CPU. */
  ofProcess: number;
  /** Threads that do nothing else, and the CPU that they use, cores. */
  helpers: number;
  helperCores: number;
  /** Of the time, the program stood still for a collector that stops everybody (HotSpot's); 0 for others. */
  stoppedShare: number;
  samples: number;
}

/** One request seen at the server's socket: read of the request -> first send -> last send -> next read. */
export interface SocketsFact {
  source: 'ebpf' | 'ss';
  /** Requests seen (a read that is followed by a send on the same socket). */
  requests: number | null;
  sendsPerResponse: number | null;
  /** Mean size of the n-th send of a response, n from 1. */
  sendBytes: number[];
  /** TCP_NODELAY on the served sockets: true, false, or unknown. */
  noDelay: boolean | null;
  /** Share of responses whose last send was held back by the kernel (Nagle). */
  heldShare: number | null;
  /** From the last send to the client's next read, ms, median: held responses and the others. */
  heldGapMs: number | null;
  freeGapMs: number | null;
  /** From read to first send, ms: the server's own time on a request. */
  serviceMs: { mean: number; p10: number; p50: number; p90: number; p99: number } | null;
  /** Requests being worked on at once: rate x mean service time. */
  inService: number | null;
  /** Share of `ss` samples of established sockets with unsent bytes. */
  notSentShare: number | null;
  rttMs: number | null;
  /** Largest backlog of the listening socket and its limit. */
  listenQueue: { max: number; limit: number } | null;
  /** Connections accepted per request. */
  acceptsPerRequest: number | null;
  /** Which side's FIN went out first on most connections that ended; null where none did or nobody looked. */
  serverClosesFirst: boolean | null;
}

/** One that the server asks: a database, a cache, an API, a resolver. */
export interface OutboundPeer {
  /** `127.0.0.1:6379`, `[::1]:6379`, `/run/redis.sock`. */
  peer: string;
  protocol: 'tcp' | 'udp' | 'unix' | 'other';
  /** 0 where it has none. */
  port: number;
  /** Who listens there, if it is on this machine. */
  process: string | null;
  /** Of that listener. */
  pid: number | null;
  /** Its listener is a process of the target's own tree. */
  ownTree: boolean;
  /** Calls without a reply yet, on average (Little's law: rate x time of a call). */
  pending: number;
  /** Open connections, on average; null where not seen. */
  connections: number | null;
  callsPerS: number | null;
  /** Of one call, from asking (or connecting) to the first reply. Null where it was not timed. */
  waitMs: { mean: number; p50: number; p90: number } | null;
  /** Of the calls, those with a send that the kernel held back for want of TCP_NODELAY. Null where nobody looked. */
  heldShare: number | null;
  /** It ever replies: a log daemon does not, and nobody waits for it. */
  answered: boolean;
}

/** Whom the server asks while it serves, most pending first. */
export interface OutboundFact { source: 'ebpf' | 'ss'; peers: OutboundPeer[] }
/** What waits or is lost before the server sees it, over the whole load. */
export interface QueueFact {
  durationS: number;
  /** Of the network namespace: connections that found an accept queue full, and all that a listening socket dropped. */
  overflows: number;
  drops: number;
  /** Dropped at the served port itself; null without `ss`. */
  portDrops: number | null;
  /** Of the namespace: requests for a connection sent again, and segments sent again. */
  synRetransmits: number;
  retransmits: number;
  /** Connections that came in, all ports. */
  accepted: number;
  /** Deepest queue of the port and its limit, and the share of looks (2 Hz) that found it full; null without `ss`. */
  listenQueue: { max: number; limit: number; fullShare: number } | null;
}

/** What the kernel lets the target have. */
export interface LimitsFact {
  /** The cgroup whose quota held it back most, in the clean windows; null without a quota. */
  quota: {
    path: string;
    /** Null: the quota was lifted meanwhile. */
    cores: number | null;
    periodMs: number;
    /** Of its periods, those in which the quota ran out. */
    throttledPeriodShare: number;
    /** Time its threads were held back, of wall time; summed over CPUs, so above 1 where several are. */
    throttledShare: number;
  } | null;
  /** By process, nearest to its limit first: most descriptors open at once over the load, and the limits on them. */
  openFiles: {
    pid: number; comm: string; most: number; soft: number; hard: number;
    /** Most connections of the served port held at once; null where nobody looked. */
    sockets: number | null;
  }[];
}

/** Who used the machine's CPUs in the clean windows. */
export interface CpuUseFact {
  cpus: number;
  idleCores: number;
  /** Given to other guests by the hypervisor. */
  stolenCores: number;
  /** server: serves; sibling: of the target's tree, but does not serve; generator: the load; probe: whyslow itself; other: the rest. Most first. */
  users: { who: 'server' | 'sibling' | 'generator' | 'probe' | 'other'; pid: number; comm: string; cores: number }[];
}

/** Something counted that moved over the load. */
export interface Trend {
  what: 'open files' | 'connections' | 'threads' | 'memory' | 'heap';
  pid: number;
  comm: string;
  unit: 'files' | 'sockets' | 'threads' | 'MB';
  first: number;
  last: number;
  perS: number;
  /** Null where requests could not be counted. */
  per1000Requests: number | null;
  /** It grew steadily from start to end: a leak, or a cache that fills. */
  grows: boolean;
}

/** Counts of the target over the load; whoever moved or grew, the steadiest growth first. */
export interface TrendsFact { trends: Trend[] }

/** How the event waits of the serving threads ended. */
export interface WaitEndsFact {
  /** Waits that could last; polls with a timeout of zero are none. */
  waitsPerS: number;
  /** Of them, ended by their timeout: a timer was due. */
  timeoutsPerS: number;
}

export interface PoolWork {
  kind: 'crypto' | 'zlib' | 'dns' | 'fs' | 'gc' | 'other';
  /** The function or call that made up most of it. */
  name: string;
  /** Of the pool's time at work. */
  share: number;
}

/** libuv's pool of threads in the Node process whose pool is fullest. */
export interface PoolFact {
  pid: number;
  /** Threads of it that are at work most of the time. */
  threads: number;
  /** Share of those threads' time at work, mean: threads x busy = jobs under way at once. */
  busy: number;
  /** Of the time at work, on a CPU or in line for one. */
  onCpu: number;
  /** CPU of them all, cores. */
  cpuShare: number;
  work: PoolWork[];
}

/** Where one request's mean latency goes; parts sum to `totalMs`. */
export interface RequestTimeFact { totalMs: number; parts: { label: string; ms: number; share: number }[] }

/** What the probes cost, measured in this run. */
export interface OverheadFact {
  /** Rate over all of the load against the clean windows. */
  throughputRatio: number | null;
  byWindow: { name: WindowName; ratio: number }[];
  method: string;
}

export type TimelineChart =
  | 'rate' | 'latency' | 'errors' | 'loop' | 'loop-busy' | 'gc' | 'syscalls' | 'failed-lookups' | 'cpu' | 'run-queue' | 'queues' | 'memory';

/** Something measured over time. Nothing stands where nobody looked: a gap is a gap, never a zero. */
export interface TimelineSeries {
  chart: TimelineChart;
  label: string;
  unit: 'req/s' | 'a second' | 'ms' | 'share' | 'cores' | 'threads' | 'sockets' | 'MB';
  /** slices: the mean (of ms: the longest) from start to end. looks: what was found at one moment, start = end. */
  kind: 'slices' | 'looks';
  /** In order of time. */
  points: { startNs: number; endNs: number; value: number }[];
}

/** A long tick, with what is known of its inside. */
export interface TimelineStall extends LongTick {
  /** Of it in garbage collection, ms; null where the runtime was not looked into. */
  gcMs: number | null;
  /** What ran, by self time, largest first; of samples, so times are estimates. Null where nothing sampled it. */
  functions: { frame: Frame; ms: number }[] | null;
  /** What told the functions. */
  sampledBy: 'profile' | 'perf' | null;
}

/** Everything that was measured over time, on one clock. */
export interface TimelineFact {
  startNs: number;
  endNs: number;
  series: TimelineSeries[];
  /** Charts without any series, and why. */
  absent: { chart: TimelineChart; why: string; enable: string | null }[];
  /** In order of time. */
  stalls: TimelineStall[];
}

// ---------------------------------------------------------------- rules

export type FindingId =
  | 'load-non-2xx' | 'load-client-saturated' | 'load-timeouts'
  | 'nagle-delayed-ack' | 'missing-file-lookups' | 'startup-import-search'
  | 'event-loop-blocked' | 'cpu-bound-user' | 'gc-pressure' | 'timer-wait'
  | 'accept-queue-overflow' | 'fd-exhausted' | 'cpu-throttled' | 'cpu-starved' | 'jit-warmup'
  | 'sync-fs-per-request' | 'connection-churn' | 'slow-clock'
  | 'small-writes' | 'access-log-per-request' | 'process-spawn-per-request' | 'page-faults' | 'busy-polling'
  | 'worker-pool-exhausted' | 'blocked-downstream' | 'threadpool-starved' | 'dns-per-request' | 'lock-contention' | 'fsync-per-request' | 'single-core-bound' | 'healthy' | 'unknown';

export interface Evidence {
  text: string;
  value: number;
  unit: string;
  /** Absent: it speaks for the finding. */
  speaks?: 'for' | 'against';
}

export interface Culprit {
  kind: 'function' | 'path' | 'syscall' | 'socket' | 'status' | 'process' | 'thread' | 'lock';
  /** As a person would say it: `render (lib/view.js:12)`, `/app/views/x.html`. */
  name: string;
  file?: string;
  line?: number;
}

export interface Cost {
  /** Share of a request's latency, or of the serving thread's time: 0..1. */
  share: number;
  /** Null where requests could not be counted. */
  msPerRequest: number | null;
  /** What the slowest 1% pay for it; null (or absent) where that is not known, or not more than the mean pays. */
  tail?: TailCost | null;
}

/** Of the 99th percentile: its share, and ms. A cause may own the tail and hardly touch the mean. */
export interface TailCost { share: number; ms: number }

export interface Finding {
  id: FindingId;
  title: string;
  /** One sentence with the numbers that prove it. */
  summary: string;
  confidence: number;
  cost: Cost;
  evidence: Evidence[];
  culprit: Culprit | null;
  /** What to do, one step a line, then how to check it. */
  advice: string[];
  /**
   * cause: costs time and can be mended. load: the measurement itself is in doubt; goes first.
   * state: nothing to mend (healthy, single-core-bound). note: true, but not why requests are slow.
   */
  kind: 'load' | 'cause' | 'state' | 'note';
  /** The finding that this one is a consequence of, if that was found as well: mending this one gains nothing. */
  follows?: FindingId;
}

export type Diagnosis =
  | { kind: 'finding'; finding: Finding }
  | { kind: 'absent'; why: string }
  | { kind: 'no-data'; why: string; enable?: string };

export interface Rule {
  id: FindingId;
  title: string;
  /** Judges facts only. Never reads the target's name, path, port or text to decide. */
  diagnose(read: FactReader): Diagnosis;
}

// ---------------------------------------------------------------- report

/** The stable JSON (`--json`). Schema: docs/report.schema.json. */
export interface Report {
  schema: 'whyslow-report/1';
  whyslow: string;
  createdAt: string;
  target: { origin: 'launch' | 'attach'; command: string[]; runtime: Runtime; url: string | null; pid: number; serving: { pid: number; tid: number; name: string }[] };
  verdict: {
    id: FindingId; title: string; summary: string; confidence: number; cost: Cost;
    /** Another cause that costs nearly as much, or is nearly as likely: mend one, measure, look again. Null for none. */
    closeSecond: { id: FindingId; title: string; confidence: number; cost: Cost } | null;
  };
  findings: Omit<Finding, never>[];
  ruledOut: { id: FindingId; why: string }[];
  notObserved: { what: string; why: string; enable: string | null }[];
  load: {
    tool: string; connections: number; requests: number; durationS: number; rps: number;
    latencyMs: Latency | null; errors: number; timeouts: number; non2xx: number; statuses: Record<string, number>; keepAlive: boolean;
    timeline: { startNs: number; endNs: number; rps: number; p50Ms: number | null; p99Ms: number | null }[];
  } | null;
  phases: Window[];
  ledger: {
    source: 'ebpf' | 'proc';
    threads: LedgerThread[];
    /** Where one request's time goes, ms; parts sum to the mean latency. */
    request: RequestTimeFact | null;
  } | null;
  syscalls: SyscallUse[];
  failedPaths: FailedPath[];
  eventLoop: EventLoopFact | null;
  gc: GcFact | null;
  hotFunctions: HotFunction[];
  threads: ThreadUse[];
  generator: ThreadsFact['generator'];
  sockets: SocketsFact | null;
  queue: QueueFact | null;
  limits: LimitsFact | null;
  cpuUse: CpuUseFact | null;
  trends: Trend[];
  probes: ProbeStatus[];
  overhead: OverheadFact | null;
  interrupted: string | null;
  /** Absent: not asked for. */
  secondOpinion?: SecondOpinion;
}

/** What another tool says of the same run. */
export interface SecondOpinion {
  tool: 'clinic-doctor';
  /** Of the tool; null where it is not installed. */
  version: string | null;
  /** none, io, event-loop, gc, data (too little of it), unknown; null where it could not be asked. */
  category: string | null;
  /** The signals that it found conspicuous. */
  issues: string[];
  pid: number | null;
  /** Of the run that it judged: 10 ms samples. */
  samples: number;
  /** Whether its category and our verdict are of one kind; null where it gives none. */
  agrees: boolean | null;
  /** Why they differ, or what both mean; or why there is no opinion. */
  why: string;
}
