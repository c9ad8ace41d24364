import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { exec } from './say.mjs';

/** What invoke-rc.d and deb-systemd-invoke ask before they start a service: https://people.debian.org/~hmh/invokerc.d-policyrc.d-specification.txt */
const POLICY = '/usr/sbin/policy-rc.d';
const OURS = '#!/bin/sh\n# Written by whyslow\'s set-up while apt runs, and removed after it: no service starts because its package was installed.\nexit 101\n';
const SIGNALS = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);

/**
 * Runs `install` while no service may start: Debian's redis-server and nginx packages would each start one and take
 * its port. Where there is a policy already (containers), it stays. One of ours that a killed set-up left is removed.
 * @template T
 * @param {() => T} install
 * @param {string} [file]
 * @returns {T}
 */
export function withoutServices(install, file = POLICY) {
  const foreign = existsSync(file) && readFileSync(file, 'utf8') !== OURS;
  if (foreign) return install();
  // apt runs in the foreground: a signal is acted on when it has ended, and the policy is gone.
  /** @type {NodeJS.Signals | undefined} */
  let signal;
  const keep = (/** @type {NodeJS.Signals} */ name) => void (signal = name);
  for (const name of SIGNALS) process.on(name, keep);
  try {
    writeFileSync(file, OURS, { mode: 0o755 });
    return install();
  } finally {
    rmSync(file, { force: true });
    for (const name of SIGNALS) process.off(name, keep);
    if (signal) process.kill(process.pid, signal);
  }
}

/** Whether the machine knows the service. @param {string} service */
export const hasService = (service) => existsSync(`/etc/init.d/${service}`) || existsSync(`/lib/systemd/system/${service}.service`);

/** Not at the next boot either: for services that were not there before. @param {string[]} services */
export function disableServices(services) {
  for (const service of services) {
    if (existsSync('/run/systemd/system')) exec('systemctl', ['disable', '--now', service], { quiet: true });
    else exec('update-rc.d', [service, 'disable'], { quiet: true });
  }
}
