import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { SIGPROF_BIT, SIGUSR1_BIT, signalMasks } from '../../src/target/signals.js';

describe('what a process does with signals', () => {
  it('tells a handler from an ignored signal', async () => {
    const script = 'import signal,sys\nsignal.signal(signal.SIGPROF, lambda *_: None)\nsignal.signal(signal.SIGUSR1, signal.SIG_IGN)\nprint("ready", flush=True)\nsys.stdin.read()';
    const child = spawn('/usr/bin/python3', ['-c', script], { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    const masks = signalMasks(child.pid ?? 0);
    child.stdin.end();
    expect((masks?.caught ?? 0n) & (SIGPROF_BIT | SIGUSR1_BIT)).toBe(SIGPROF_BIT);
    expect((masks?.ignored ?? 0n) & (SIGPROF_BIT | SIGUSR1_BIT)).toBe(SIGUSR1_BIT);
  });

  it('is null of a process that is gone', () => {
    expect(signalMasks(2 ** 22 + 1)).toBeNull();
  });
});
