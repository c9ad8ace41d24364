import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pythonProfileProbe } from '../../src/gather/python-profile.js';
import { pythonProbe } from '../../src/gather/python.js';
import type { PythonRecords } from '../../src/parse/python-ndjson.js';
import { requires } from '../require.js';
import { sleep, until } from './node-target.js';
import { hasPython, launchPython, type PythonTarget } from './python-target.js';

const BURN = 'def burn(n):\n    s = 0\n    for i in range(n):\n        s += i * i\n    return s\n';
const BUSY = `import time\n${BURN}def light():\n    return burn(2000)\ndef heavy():\n    return burn(40000)\nend = time.time() + 30\nwhile time.time() < end:\n    light()\n    heavy()\n`;

async function withTarget<T>(target: PythonTarget, use: (target: PythonTarget) => Promise<T>): Promise<T> {
  try {
    await until(() => target.records().length > 0, 'the first record');
    return await use(target);
  } finally {
    target.close();
  }
}

/** A profile of `ms`, as the CLI takes it. */
async function profiled(target: PythonTarget, ms: number): Promise<PythonRecords[]> {
  await sleep(300);
  const prepared = await pythonProfileProbe.prepare(target.ctx, 'profile');
  await prepared.start();
  await sleep(ms);
  await prepared.stop();
  return target.records();
}

/** Share of the CPU samples of a process (or one thread) with the function on their stack. */
function shareOf(records: PythonRecords | undefined, name: string, thread = /./): number {
  const samples = (records?.profile?.threads ?? []).filter((t) => thread.test(t.name)).flatMap((t) => t.samples);
  const ns = (list: typeof samples) => list.reduce((sum, s) => sum + s.cpuNs, 0);
  return ns(samples.filter((s) => s.stack.frames.some((f) => f.name === name))) / ns(samples);
}

describe.skipIf(!hasPython)('sitecustomize', { timeout: 40_000 }, () => {
  it('gives each function its share of the CPU, a call into C its whole length', async () => {
    await withTarget(launchPython({ 'app/s.py': BUSY }), async (target) => {
      const [records] = await profiled(target, 800);
      expect(shareOf(records, 'heavy')).toBeGreaterThan(0.85);
      expect(shareOf(records, 'light')).toBeLessThan(0.15);
    });
    const inC = `import hashlib\n${BURN}def digest():\n    hashlib.pbkdf2_hmac('sha256', b'x', b'y', 40000)\nwhile True:\n    digest()\n    burn(20000)\n`;
    await withTarget(launchPython({ 's.py': inC }), async (target) => {
      const [records] = await profiled(target, 800);
      expect(shareOf(records, 'digest')).toBeGreaterThan(0.6);
    });
  });

  it('finds the hot function in another thread than the main one', async () => {
    const threads = `import threading, time\n${BURN}def work():\n    while True:\n        burn(30000)\n        time.sleep(0.002)\nfor i in range(2):\n    threading.Thread(target=work, daemon=True, name='pool-%d' % i).start()\nthreading.Event().wait()\n`;
    await withTarget(launchPython({ 's.py': threads }), async (target) => {
      const [records] = await profiled(target, 1000);
      expect(shareOf(records, 'burn', /pool/)).toBeGreaterThan(0.6);
    });
  });

  it('and who called a generator that ran there', async () => {
    const threads = `import threading, time\n${BURN}def rows():\n    for i in range(40):\n        yield burn(3000)\ndef report():\n    return list(rows())\ndef work():\n    while True:\n        report()\nfor i in range(3):\n    threading.Thread(target=work, daemon=True).start()\nthreading.Event().wait()\n`;
    await withTarget(launchPython({ 's.py': threads }), async (target) => {
      const [records] = await profiled(target, 1000);
      expect(shareOf(records, 'burn')).toBeGreaterThan(0.6);
      expect(shareOf(records, 'report')).toBeGreaterThan(0.95);
    });
  });

  it('and in threads that live for one job each', async () => {
    const threads = `import threading\n${BURN}while True:\n    t = threading.Thread(target=burn, args=(30000,))\n    t.start()\n    t.join()\n`;
    await withTarget(launchPython({ 's.py': threads }), async (target) => {
      const [records] = await profiled(target, 1000);
      expect(shareOf(records, 'burn')).toBeGreaterThan(0.4);
      const sampled = records?.profile?.threads.flatMap((t) => t.samples).reduce((sum, s) => sum + s.cpuNs, 0) ?? 0;
      expect(sampled / (records?.profile?.cpuNs ?? 0)).toBeGreaterThan(0.4);
    });
  });

  it('sees where threads sleep: the only one, those of a pool, those in line for a lock', async () => {
    const sleeps = (records: PythonRecords | undefined, name: string) =>
      (records?.profile?.waits ?? []).map(({ looks }) => looks.filter((l) => l.stack.frames.some((f) => f.name === name)).length / looks.length);
    const alone = `import time\n${BURN}def ask():\n    time.sleep(0.05)\nwhile True:\n    ask()\n    burn(2000)\n`;
    await withTarget(launchPython({ 's.py': alone }), async (target) => {
      const [records] = await profiled(target, 1200);
      expect(sleeps(records, 'ask')).toEqual([expect.closeTo(1, 1)]);
      expect(records?.profile?.waits[0]?.looks.length).toBeGreaterThan(12);
    });
    const pool = `import threading, time\n${BURN}lock = threading.Lock()\ndef hold():\n    with lock:\n        time.sleep(0.02)\ndef ask():\n    time.sleep(0.03)\ndef work(what):\n    while True:\n        what()\n        burn(500)\nfor what in (hold, hold, hold, ask):\n    threading.Thread(target=work, args=(what,), daemon=True, name=what.__name__).start()\nwhile True:\n    burn(500)\n    time.sleep(0.01)\n`;
    await withTarget(launchPython({ 's.py': pool }), async (target) => {
      const [records] = await profiled(target, 1000);
      const of = (name: string) => sleeps(records, name).filter((share) => share > 0.8).length;
      expect(of('ask')).toBe(1);
      expect(of('hold')).toBe(3);
    });
  });

  it('follows forks; a program that is exec\'d in the middle of a profile lives', async () => {
    const forks = `import os, sys, time\n${BURN}pids = [os.fork() for _ in range(1)]\nif 0 in pids:\n    while True: burn(10000)\nend = time.time() + 1.5\nwhile time.time() < end: burn(1000)\nos.execv('/bin/sh', ['sh', '-c', 'i=0; while [ $i -lt 400000 ]; do i=$((i+1)); done; echo alive'])\n`;
    await withTarget(launchPython({ 's.py': forks }), async (target) => {
      const records = await profiled(target, 1500);
      const child = records.find((r) => r.meta?.pid !== target.child.pid);
      expect(shareOf(child, 'burn')).toBeGreaterThan(0.8);
      await until(() => target.stdout().includes('alive'), 'the program that was exec\'d');
    });
  });

  it('tells of collections, and leaves when asked', async () => {
    const garbage = 'while True:\n    a = []\n    a.append(a)\n';
    await withTarget(launchPython({ 's.py': garbage }), async (target) => {
      const prepared = await pythonProbe.prepare(target.ctx, 'all');
      await prepared.start();
      await sleep(1000);
      const artifacts = await prepared.stop();
      expect(artifacts).toEqual([{ probe: 'python', window: 'all', file: `python.${String(target.child.pid)}.ndjson`, pid: target.child.pid }]);
      const [records] = target.records();
      expect(records?.gc.reduce((sum, s) => sum + (s.generations[0]?.[0] ?? 0), 0)).toBeGreaterThan(100);
      expect(records?.end?.reason).toBe('asked');
      expect(readdirSync(target.dir)).not.toContain('python.control');
    });
  });

  it('lets the target have its own sitecustomize, PYTHONPATH and SIGPROF', async () => {
    const own = launchPython({
      's.py': "import sys, helper, sitecustomize\nprint(helper.X, sitecustomize.__file__, [p for p in sys.path if 'probe' in p], 'whyslow_watch' in sys.modules)\n",
      'lib/helper.py': 'X = 23\n', 'lib/sitecustomize.py': "print('mine')\n",
    }, { env: { PYTHONPATH: 'FOLDER/lib', PYTHONPYCACHEPREFIX: 'FOLDER/cache' } });
    await own.exited;
    expect(own.stdout().split('\n')[0]).toBe('mine');
    expect(own.stdout()).toContain(`23 ${join(own.folder, 'lib/sitecustomize.py')} [] False`);
    const cached = existsSync(join(own.folder, 'cache')) ? readdirSync(join(own.folder, 'cache'), { recursive: true }).map(String) : [];
    expect(cached.filter((path) => path.includes('probe'))).toEqual([]);
    expect(readdirSync(join(own.dir, 'python-probe')).sort()).toEqual(['sampler.py', 'sitecustomize.py', 'stacks.py', 'watch.py']);
    own.close();

    const profiler = "import signal, time\nhits = []\nsignal.signal(signal.SIGPROF, lambda *a: hits.append(1))\nsignal.setitimer(signal.ITIMER_PROF, 0.01, 0.01)\nend = time.time() + 2\nwhile time.time() < end: pass\nprint(len(hits), signal.getitimer(signal.ITIMER_PROF)[1])\n";
    await withTarget(launchPython({ 's.py': profiler }), async (target) => {
      const [records] = await profiled(target, 500).catch(() => target.records());
      expect(records?.profile).toBeNull();
      await target.exited;
      expect(Number(target.stdout().split(' ')[0])).toBeGreaterThan(30);
      expect(target.stdout()).toContain('0.01');
    });
  });

  it('sees nothing of python -I, and the target does not notice', async () => {
    const target = launchPython({ 's.py': 'import time; time.sleep(0.5); print("ran")' }, { args: ['-I'] });
    await target.exited;
    expect(target.records()).toEqual([]);
    expect([target.stdout(), target.stderr()]).toEqual(['ran\n', '']);
    target.close();
  });

  it.skipIf(requires('pypy').skip)('works under PyPy, which does not tell of collections', async () => {
    await withTarget(launchPython({ 's.py': BUSY.replaceAll('000)', '00000)') }, { python: 'pypy3' }), async (target) => {
      const [records] = await profiled(target, 1000);
      expect(shareOf(records, 'heavy')).toBeGreaterThan(0.7);
      expect(readFileSync(join(target.dir, `python.${String(target.child.pid)}.ndjson`), 'utf8')).toContain('"gc":false');
    });
  });
});
