import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { onPath, PYTHON } from './capabilities.mjs';
import { exec, say } from './say.mjs';
import { disableServices, hasService, withoutServices } from './services.mjs';

/** @typedef {{ apt: string[], present: () => boolean, lost: string }} Tool */

/** @param {string} command @param {string[]} args */
const answers = (command, ...args) => exec(command, args, { quiet: true, timeoutS: 20 }).ok;

/** Modules of Debian's Python by the package that has them. All are asked for at once: a start of Python each would be slow. */
const PYTHON_PACKAGES = {
  'python3-flask': 'flask', 'python3-gevent': 'gevent', 'python3-gunicorn': 'gunicorn', 'python3-tornado': 'tornado',
  'python3-twisted': 'twisted', 'python3-aiohttp': 'aiohttp', 'python3-eventlet': 'eventlet', 'python3-bottle': 'bottle',
  'python3-django': 'django', 'python3-falcon': 'falcon', 'python3-cherrypy3': 'cherrypy', 'python3-waitress': 'waitress',
  'python3-celery': 'celery', 'python3-redis': 'redis',
};
const FIND = 'import sys, importlib.util; print(*(name for name in sys.argv[1:] if importlib.util.find_spec(name)))';

/** @returns {Set<string>} */
const pythonModules = () => new Set(existsSync(PYTHON) ? exec(PYTHON, ['-c', FIND, ...Object.values(PYTHON_PACKAGES)], { quiet: true, timeoutS: 60 }).out.trim().split(' ') : []);

/** Packages that bring a service, which Debian starts. @type {Record<string, string>} */
const SERVICES = { 'redis-server': 'redis-server', 'nginx-light': 'nginx' };

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
  { apt: ['tmux'], present: () => onPath('tmux'), lost: 'the test of --live in a real terminal' },
  { apt: ['iproute2'], present: () => onPath('ss'), lost: 'socket queues and unsent bytes' },
  ...pythonTools(),
  { apt: ['uwsgi-core', 'uwsgi-plugin-python3'], present: () => onPath('uwsgi') && answers('uwsgi', '--need-plugin', 'python3', '--version'), lost: 'bundled servers on uWSGI' },
  { apt: ['redis-server'], present: () => onPath('redis-server'), lost: 'bundled servers that wait for Redis' },
  { apt: ['nginx-light'], present: () => onPath('nginx'), lost: 'bundled servers behind nginx' },
  { apt: ['pypy3'], present: () => onPath('pypy3'), lost: 'bundled servers on PyPy' },
  { apt: ['chromium'], present: () => existsSync('/usr/bin/chromium'), lost: 'tests of HTML pages in a real browser' },
  { apt: ['gcc', 'libc6-dev'], present: () => onPath('gcc') && existsSync('/usr/include/stdio.h'), lost: 'bundled servers in C' },
];

/** @returns {Tool[]} */
function pythonTools() {
  const found = pythonModules();
  return Object.entries(PYTHON_PACKAGES).map(([name, module]) => ({
    apt: name === 'python3-gunicorn' ? ['gunicorn', name] : [name], present: () => found.has(module), lost: `bundled servers on ${module}`,
  }));
}

const lackingNow = () => tools().filter(({ present }) => !present());

// Another apt may be at work, as on a machine that has just booted: wait for its lock.
const APT = ['-qq', '-o', 'DPkg::Lock::Timeout=120', '-o', 'Acquire::Retries=3', '-o', 'Acquire::http::Timeout=30'];
const aptEnv = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', NEEDRESTART_MODE: 'l' };

/** @param {string[]} args */
const apt = (...args) => exec('apt-get', [...APT, ...args], { quiet: true, env: aptEnv });

/** @param {string[]} names */
const install = (names) => withoutServices(() => apt('install', '-y', '--no-install-recommends', ...names).ok);

/** Installs what is missing, where that is allowed, and says what is still missing afterwards and what is lost without it. */
export function installSystemPackages() {
  let lacking = lackingNow();
  if (lacking.length === 0) return;

  let why = '';
  if (!onPath('apt-get')) why = 'this machine has no apt-get: install them its own way';
  else if (process.geteuid?.() !== 0) why = `not root: sudo apt-get install ${lacking.flatMap((tool) => tool.apt).join(' ')}`;
  else {
    say(`setup: installing ${lacking.map((tool) => tool.apt[0]).join(', ')}`);
    const services = lacking.flatMap(({ apt: [name] }) => SERVICES[name ?? ''] ?? []).filter((service) => !hasService(service));
    const updated = apt('update');
    // All at once; where one cannot be had, each on its own.
    if (!install(lacking.flatMap((tool) => tool.apt))) {
      for (const { apt: names } of lacking) if (!install(names) && names.length > 1) names.forEach((name) => install([name]));
    }
    disableServices(services.filter(hasService));
    lacking = lackingNow();
    why = updated.ok ? 'apt-get could not install them' : `apt-get update failed: ${updated.out.trim().split('\n').at(-1)}`;
  }
  if (lacking.length === 0) return;
  say(`setup: not installed (${why}):`);
  for (const { apt: names, lost } of lacking) say(`  ${names.join(' or ')}; lost without it: ${lost}`);
}
