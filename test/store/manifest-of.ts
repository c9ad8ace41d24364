import type { Artifact, Manifest } from '../../src/types.js';

/** A manifest as a short run of `node server.js` leaves it. */
export function manifestOf(artifacts: Artifact[] = []): Manifest {
  return {
    schema: 'whyslow-run/1',
    whyslow: '0.1.0',
    createdAt: '2026-01-02T03:04:05.678Z',
    host: {
      kernel: '6.18.0', arch: 'x64', cpus: 2, memBytes: 2 ** 34, nodeVersion: '20.20.2', isRoot: true,
      clockTicksHz: 100, pageBytes: 4096, tools: { strace: '6.1' },
    },
    settings: {
      command: ['node', 'server.js'], attach: null, signalOk: false, gentle: false, url: null, port: null, probes: null, readyTimeoutS: 30, user: null,
      allowRemote: false, verbose: false,
      load: {
        tool: 'autocannon', connections: 10, durationS: 5, warmupS: 1, method: 'GET', headers: [['x-a', 'ü']], body: null,
        keepAlive: true, rate: null, amount: null, timeoutS: 10,
      },
    },
    target: {
      origin: 'launch', command: ['node', 'server.js'], pid: 100, runtime: 'node', url: 'http://127.0.0.1:3000/', port: 3000,
      processes: [{ pid: 100, ppid: 1, startTicks: 5, comm: 'node', cmdline: ['node', 'server.js'], runtime: 'node', listens: true }],
    },
    windows: [{ name: 'clean', startNs: 9_007_199_254_740_991, endNs: 9_007_199_254_740_991 }],
    probes: [{ id: 'proc', status: 'ok', weight: 'light' }],
    artifacts,
    generatorPids: [200],
    loadTool: 'autocannon',
    interrupted: null,
  };
}
