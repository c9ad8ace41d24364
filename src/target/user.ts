/**
 * The account that the target runs as. Read through getent(1), which knows LDAP and the like as well,
 * else from /etc/passwd and /etc/group: https://man7.org/linux/man-pages/man5/passwd.5.html
 *
 *   nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
 *   adm:x:4:syslog,alice
 */
import { readFile } from 'node:fs/promises';
import { execa } from 'execa';
import { usageError } from '../errors.js';

export interface Account {
  name: string;
  uid: number;
  gid: number;
  /** All groups, the primary one included. */
  groups: number[];
  home: string;
}

const isRoot = (): boolean => process.geteuid?.() === 0;

/** Who called sudo; null without sudo, or when that was root. */
export function sudoUser(env: NodeJS.ProcessEnv = process.env): string | null {
  const name = env['SUDO_USER'];
  return isRoot() && name !== undefined && name !== '' && name !== 'root' ? name : null;
}

export function parsePasswd(line: string): Omit<Account, 'groups'> | null {
  const [name, , uid, gid, , home] = line.split(':');
  if (name === undefined || !/^\d+$/.test(uid ?? '') || !/^\d+$/.test(gid ?? '') || home === undefined) return null;
  return { name, uid: Number(uid), gid: Number(gid), home: home === '' ? '/' : home };
}

/** Supplementary groups of `name` in the text of /etc/group. */
export const parseGroups = (text: string, name: string): number[] =>
  text.split('\n').flatMap((line) => {
    const [, , gid, members] = line.split(':');
    return /^\d+$/.test(gid ?? '') && (members ?? '').split(',').includes(name) ? [Number(gid)] : [];
  });

async function passwdLine(name: string): Promise<string> {
  const asked = await execa('getent', ['passwd', name], { reject: false, stdin: 'ignore', stderr: 'ignore' });
  if (asked.exitCode === 0) return asked.stdout.split('\n')[0] ?? '';
  const text = await readFile('/etc/passwd', 'utf8').catch(() => '');
  return text.split('\n').find((line) => line.startsWith(`${name}:`)) ?? '';
}

async function groupsOf(account: Omit<Account, 'groups'>): Promise<number[]> {
  const asked = await execa('id', ['-G', account.name], { reject: false, stdin: 'ignore', stderr: 'ignore' });
  const told = asked.exitCode === 0 ? asked.stdout.trim().split(/\s+/).map(Number) : [];
  if (told.length > 0 && told.every(Number.isInteger)) return told;
  const text = await readFile('/etc/group', 'utf8').catch(() => '');
  return [...new Set([account.gid, ...parseGroups(text, account.name)])];
}

/** Looks an account up. An unknown one is wrong use. */
export async function findAccount(name: string): Promise<Account> {
  // A name that starts with a dash would be an option of getent and id.
  const account = /^[^-:\s][^:\s]*$/.test(name) ? parsePasswd(await passwdLine(name)) : null;
  if (account === null) throw usageError(`unknown user "${name}"`);
  return { ...account, groups: await groupsOf(account) };
}

/** The account to change to; null when the target runs as we do. */
export async function accountFor(user: string | null): Promise<Account | null> {
  if (user === null) return null;
  const account = await findAccount(user);
  if (account.uid === process.geteuid?.()) return null;
  if (!isRoot()) throw usageError(`only root can run the target as "${user}"; use sudo, or leave out --user`);
  return account;
}

/** Words before the command that run it as the account, in the same process. setpriv is part of util-linux. */
export const setprivPrefix = (account: Account): string[] => [
  'setpriv', `--reuid=${account.uid}`, `--regid=${account.gid}`, `--groups=${account.groups.join(',')}`, '--',
];

export const accountEnv = (account: Account): NodeJS.ProcessEnv =>
  ({ HOME: account.home, USER: account.name, LOGNAME: account.name });
