import { describe, expect, it } from 'vitest';
import { startupImportSearch } from '../../src/rules/startup-import-search.js';
import { failedPath, failedPaths, flaskNagle, nodeHello } from './facts.js';
import { absent, finding, noData } from './judge.js';

describe('startup-import-search', () => {
  it('says that failed opens at import are not why requests are slow', () => {
    const f = finding(startupImportSearch, flaskNagle());
    expect(f).toMatchObject({ kind: 'note', cost: { share: 0, msPerRequest: 0 } });
    expect(f.summary).toContain('3,271');
    expect(f.summary).toContain('not the requests');
  });

  it('is absent where lookups fail while serving, too', () => {
    absent(startupImportSearch, { 'failed-paths': failedPaths([failedPath('/usr/lib/x', 800, null), failedPath('/app/x', 5000, 5)]) });
  });

  it('is absent where few fail', () => void absent(startupImportSearch, nodeHello()));

  it('does not count what fails for other reasons', () => {
    absent(startupImportSearch, { 'failed-paths': failedPaths([failedPath('/usr/lib', 900, null, { errno: 'EINVAL', syscall: 'readlink' })]) });
  });

  it('is less sure where serving could not be counted', () => {
    const f = finding(startupImportSearch, { 'failed-paths': failedPaths([failedPath('/usr/lib/x', 800, null)], { servingPerRequest: null }) });
    expect(f.confidence).toBeLessThan(finding(startupImportSearch, flaskNagle()).confidence);
  });

  it('has no data without failing paths', () => void noData(startupImportSearch, {}));
});
