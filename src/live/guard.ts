import { execFileSync, spawn } from 'node:child_process';
import type { Socket } from 'node:net';

/**
 * A shell that reads a pipe whose other end only whyslow holds, and gives the terminal back should whyslow be killed: modes
 * as they were, the main screen, the cursor. In a session of its own, so that no key and no signal of the terminal ends it.
 * Told `done`, it leaves at once.
 */
const SCRIPT = String.raw`
trap '' HUP INT QUIT TERM
read -r word
[ "$word" = done ] && exit 0
# Whoever took the terminal over has signals on again, and has its own idea of the rest.
case $(stty -a <&3) in *-isig*) stty "$1" <&3 ;; esac
printf '\033[?1049l\033[?25h\033[?1l\033>\033[0m\r\n' >&3
`;

/** Call before the terminal is changed. The result says that it was given back. */
export function guardTerminal(fd: number): () => void {
  try {
    const modes = execFileSync('stty', ['-g'], { stdio: [fd, 'pipe', 'ignore'], encoding: 'utf8' }).trim();
    const child = spawn('/bin/sh', ['-c', SCRIPT, 'whyslow-terminal', modes], {
      detached: true, cwd: '/', stdio: ['pipe', 'ignore', 'ignore', fd], env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin' },
    });
    const pipe = child.stdin as Socket;
    child.on('error', () => undefined);
    pipe.on('error', () => undefined);
    child.unref();
    pipe.unref();
    return () => void pipe.end('done\n');
  } catch {
    // No stty: then only a kill that cannot be caught leaves the terminal as it is.
    return () => undefined;
  }
}
