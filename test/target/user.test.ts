import { describe, expect, it } from 'vitest';
import { accountFor, findAccount, parseGroups, parsePasswd, setprivPrefix, sudoUser } from '../../src/target/user.js';
import { isRoot } from './support.js';

describe('parsePasswd', () => {
  it('reads an entry', () => {
    expect(parsePasswd('nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin')).toEqual({ name: 'nobody', uid: 65534, gid: 65534, home: '/nonexistent' });
    expect(parsePasswd('a:x:7:8:::')).toEqual({ name: 'a', uid: 7, gid: 8, home: '/' });
  });

  it.each(['', 'nobody', 'nobody:x:65534', 'nobody:x:::nobody:/:/bin/sh', '+::::::', 'a:x:-1:0::/:'])('is null for %j', (line) => {
    expect(parsePasswd(line)).toBeNull();
  });
});

it('parseGroups finds the groups that name a member, whole names only', () => {
  expect(parseGroups('root:x:0:\nadm:x:4:syslog,alice\nsudo:x:27:alice\nx:x:9:alice2\nbad\n', 'alice')).toEqual([4, 27]);
});

describe('accounts of this machine', () => {
  it('are found by name', async () => {
    const account = await findAccount('nobody');
    expect(account).toMatchObject({ name: 'nobody', home: '/nonexistent' });
    expect(account.groups).toContain(account.gid);
    expect(setprivPrefix(account)).toEqual(['setpriv', `--reuid=${account.uid}`, `--regid=${account.gid}`, `--groups=${account.groups.join(',')}`, '--']);
  });

  it.each(['whyslow-nobody', '', '-x', 'a:b', 'a b'])('%j is unknown: wrong use', async (name) => {
    await expect(findAccount(name)).rejects.toMatchObject({ exitCode: 2, message: `unknown user "${name}"` });
  });

  it('our own is no change', async () => {
    const own = isRoot ? 'root' : process.env['USER'];
    if (own !== undefined) expect(await accountFor(own)).toBeNull();
    expect(await accountFor(null)).toBeNull();
  });

  it.skipIf(isRoot)('another one needs root', async () => {
    await expect(accountFor('root')).rejects.toMatchObject({ exitCode: 2 });
  });
});

it.runIf(isRoot)('sudoUser is who called sudo, unless that was root', () => {
  expect(sudoUser({ SUDO_USER: 'alice' })).toBe('alice');
  expect(sudoUser({ SUDO_USER: 'root' })).toBeNull();
  expect(sudoUser({ SUDO_USER: '' })).toBeNull();
  expect(sudoUser({})).toBeNull();
});
