import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { PYTHON } from './capabilities.mjs';
import { exec, say } from './say.mjs';

/** @typedef {{ apt: string[], present: () => boolean, lost: string }} Tool */

/** @param {string} command @param {string[]} args */
const answers = (command, ...args) => exec(command, args, { quiet: true, timeoutS: 20 }).ok;

/** @param {string} name */
const onPath = (name) => (process.env['PATH'] ?? '').split(':').concat('/usr/sbin', '/sbin').some((dir) => dir !== '' && existsSync(`${dir}/${name}`));

/** @param {string} module */
const pythonHas = (module) => existsSync(PYTHON)
  && answers(PYTHON, '-c', `import sys, importlib.util; sys.exit(importlib.util.find_spec(${JSON.stringify(module)}) is None)`);

const isUbuntu = () => existsSync('/etc/os-release') && /^ID=ubuntu$/m.test(readFileSync('/etc/os-release', 'utf8'));

/** @returns {Tool[]} */
const tools = () => [
  { apt: ['bpftrace'], present: () => onPath('bpftrace'), lost: 'syscalls and event-loop ticks from the kernel, failing paths, the Nagle check, the time ledger' },
  // On Ubuntu /usr/bin/perf is a wrapper that fails where the tools of the running kernel are missing: ask it.
  {
    apt: isUbuntu() ? [`linux-tools-${release()}`, 'linux-tools-generic'] : ['linux-perf'],
    present: () => onPath('perf') && answers('perf', '--version'),
    lost: 'stacks of native code and of the kernel',
  },
  { apt: ['strace'], present: () => onPath('strace'), lost: 'the fallback where eBPF is refused' },
  { apt: ['wrk'], present: () => onPath('wrk'), lost: '--load wrk, and the tests of it' },
  { apt: ['iproute2'], present: () => onPath('ss'), lost: 'socket queues and unsent bytes' },
  { apt: ['python3-flask'], present: () => pythonHas('flask'), lost: 'the demo flask-gevent-hello, and the tests of Python servers' },
  { apt: ['python3-gevent'], present: () => pythonHas('gevent'), lost: 'the demo flask-gevent-hello, and the tests of Python servers' },
  { apt: ['gunicorn', 'python3-gunicorn'], present: () => pythonHas('gunicorn'), lost: 'the demo gunicorn-sleep, and the tests of Python servers' },
];

// Another apt may be at work, as on a machine that has just booted: wait for its lock.
const APT = ['-qq', '-o', 'DPkg::Lock::Timeout=120', '-o', 'Acquire::Retries=3', '-o', 'Acquire::http::Timeout=30'];
const aptEnv = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', NEEDRESTART_MODE: 'l' };

/** @param {string[]} args */
const apt = (...args) => exec('apt-get', [...APT, ...args], { quiet: true, env: aptEnv });

/** @param {string[]} names */
const install = (names) => apt('install', '-y', '--no-install-recommends', ...names).ok;

/** Installs what is missing, where that is allowed, and says what is still missing afterwards and what is lost without it. */
export function installSystemPackages() {
  let lacking = tools().filter(({ present }) => !present());
  if (lacking.length === 0) return;

  let why = '';
  if (!onPath('apt-get')) why = 'this machine has no apt-get: install them its own way';
  else if (process.geteuid?.() !== 0) why = `not root: sudo apt-get install ${lacking.flatMap((tool) => tool.apt).join(' ')}`;
  else {
    say(`setup: installing ${lacking.map((tool) => tool.apt[0]).join(', ')}`);
    const updated = apt('update');
    // All at once; where one cannot be had, each on its own.
    if (!install(lacking.flatMap((tool) => tool.apt))) {
      for (const { apt: names } of lacking) if (!install(names) && names.length > 1) names.forEach((name) => install([name]));
    }
    lacking = lacking.filter(({ present }) => !present());
    why = updated.ok ? 'apt-get could not install them' : `apt-get update failed: ${updated.out.trim().split('\n').at(-1)}`;
  }
  if (lacking.length === 0) return;
  say(`setup: not installed (${why}):`);
  for (const { apt: names, lost } of lacking) say(`  ${names.join(' or ')}; lost without it: ${lost}`);
}
