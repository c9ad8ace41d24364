import { execa } from 'execa';

/**
 * A shell in a session of its own that reads a pipe whose other end only whyslow holds. When whyslow dies, however
 * that happens, the pipe ends, and the watchdog ends the target: its group, and whoever carries the marker in its
 * environment (daemons; a target that was started but not yet announced), and removes the run's temporary folder, and where
 * runtimes were asked for names (`perfMaps`) what they wrote to /tmp/perf-PID.map.
 * Told `done`, it leaves at once.
 */
const SCRIPT = String.raw`
trap '' HUP INT QUIT TERM
marker=$1 grace=$2 scratch=$3 maps=$4 group=
while read -r word value; do
  case $word in
    group) group=$value ;;
    done) exit 0 ;;
  esac
done
marked() {
  for file in $(grep -lsF -- "$marker" /proc/[0-9]*/environ); do
    pid=${'$'}{file#/proc/}; echo "${'$'}{pid%/environ}"
  done
}
send() {
  [ -n "$group" ] && kill -s "$1" -- "-$group" 2>/dev/null
  for pid in $(marked); do kill -s "$1" "$pid" 2>/dev/null; done
}
gone() { { [ -z "$group" ] || ! kill -s 0 -- "-$group" 2>/dev/null; } && [ -z "$(marked)" ]; }
[ -n "$maps" ] && mapped=$(marked) || mapped=
# At least three rounds: a target that is just being forked carries no marker yet.
round=0
while [ $round -lt 3 ] || { [ $round -lt $((grace * 5)) ] && ! gone; }; do
  # TERM first: one that is still stopped must not run its first instruction.
  if [ $round -lt 3 ]; then send TERM; send CONT; fi
  round=$((round + 1)); sleep 0.2 2>/dev/null || sleep 1
done
round=0
while [ $round -lt 10 ] && ! gone; do
  send KILL
  round=$((round + 1)); sleep 0.2 2>/dev/null || sleep 1
done
for pid in $mapped; do rm -f -- "/tmp/perf-$pid.map"; done
# Who is about to end may still write there.
round=0
while [ -n "$scratch" ] && [ -e "$scratch" ] && [ $round -lt 20 ]; do
  rm -rf -- "$scratch" 2>/dev/null
  round=$((round + 1)); [ ! -e "$scratch" ] || sleep 0.2 2>/dev/null || sleep 1
done
`;

export interface Watchdog {
  readonly pid: number | undefined;
  /** Tells the process group to end with us. */
  guard(pgid: number): void;
  /** The target is gone: the watchdog leaves. Resolves when it has. */
  dismiss(): Promise<void>;
}

/** Start before the target, so that there is no moment in which nobody watches. */
export function startWatchdog(marker: string, scratch: string | null, { graceS = 3, perfMaps = false } = {}): Watchdog {
  const child = execa('/bin/sh', ['-c', SCRIPT, 'whyslow-watchdog', marker, String(graceS), scratch ?? '', perfMaps ? 'yes' : ''], {
    detached: true,
    cleanup: false,
    reject: false,
    buffer: false,
    // Without the marker, and holding no folder.
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin' },
    extendEnv: false,
    cwd: '/',
    stdin: 'pipe',
    stdout: 'ignore',
    stderr: 'ignore',
  });
  // It must not keep whyslow alive: its whole point is to outlive it.
  child.unref();
  (child.stdin as unknown as { unref?: () => void }).unref?.();
  // EPIPE, should someone have killed it.
  child.stdin.on('error', () => undefined);
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  return {
    pid: child.pid,
    guard: (pgid) => void child.stdin.write(`group ${pgid}\n`),
    async dismiss() {
      child.ref();
      child.stdin.end('done\n');
      await ended;
    },
  };
}
