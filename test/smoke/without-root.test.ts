import { execa } from 'execa';
import { chmodSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Report } from '../../src/types.js';
import { requires } from '../require.js';
import { bin, fixtureDir, inTempDir } from './whyslow.js';

const NOBODY = '65534';

describe('without root', () => {
  it.skipIf(requires('root').skip)('the report is useful, and says what was not seen and how to see it', async () => {
    await inTempDir(async (dir) => {
      chmodSync(dir, 0o777);
      const { stdout, stderr, exitCode } = await execa('setpriv', [
        '--reuid', NOBODY, '--regid', NOBODY, '--clear-groups', process.execPath, bin, '-d', '4', '-c', '20', '--json', '-', '--', 'node', 'server.js',
      ], { cwd: fixtureDir('node-hot-function'), reject: false, stdin: 'ignore', env: { HOME: dir, TMPDIR: dir } });
      expect(exitCode, stderr).toBe(0);
      const report = JSON.parse(stdout) as Report;
      const missing = report.probes.filter((p) => p.status === 'unavailable');

      expect(report.verdict.id).toBe('cpu-bound-user');
      expect(missing.map((p) => p.id)).toContain('syscalls');
      for (const probe of missing) expect(probe.enable, probe.id).toBeTruthy();
    });
  });
});
