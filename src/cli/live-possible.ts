import { isatty } from 'node:tty';
import type { Complain } from './options.js';
import type { RawOptions } from './program.js';
import type { World } from './world.js';

/** Whether there can be a view here; says the first reason why not. */
export function checkLive({ live, json }: RawOptions, { stdout, env }: World, complain: Complain): void {
  if (live !== true) return;
  if (stdout.isTTY !== true) complain('--live needs a terminal, and stdout is none; leave it out, or do not redirect stdout');
  else if (!isatty(0)) complain('--live takes its keys from stdin, which is no terminal; leave it out, or do not redirect stdin');
  else if (env['TERM'] === 'dumb') complain('--live needs a terminal that can place its cursor, and TERM says dumb; leave it out');
  else if (json === '-') complain('--live and --json - both want stdout; give --json a file');
}
