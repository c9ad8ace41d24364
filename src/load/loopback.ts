import { lookup } from 'node:dns/promises';
import { connect, isIP, BlockList } from 'node:net';
import { usageError } from '../errors.js';

export interface PinnedUrl {
  /** The URL with its name replaced by the address that was checked, so that nobody resolves it again. */
  url: string;
  /** What must be sent along for the server to see the name that was asked for. */
  headers: [name: string, value: string][];
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');
LOOPBACK.addSubnet('::ffff:127.0.0.0', 104, 'ipv6');

/** Time a listener on this machine gets to accept, ms. */
const ACCEPT_MS = 500;

/**
 * Load is only for this machine, unless `--allow-remote` says otherwise: what we drive would be an attack elsewhere.
 * A name is resolved here, once; all its addresses must be loopback, and the load goes to the address, not to the name.
 * `only` says what else is for this machine.
 */
export async function assertLoopback(url: string, allowRemote: boolean, only = 'load is driven only at'): Promise<PinnedUrl> {
  const parsed = parseHttp(url);
  // On Linux the unspecified address connects to this machine, and frameworks print it as theirs.
  if (parsed.hostname === '0.0.0.0') parsed.hostname = '127.0.0.1';
  if (parsed.hostname === '[::]') parsed.hostname = '[::1]';
  const name = parsed.hostname.replace(/^\[|\]$/g, '');
  if (allowRemote) return { url: parsed.href, headers: [] };
  const addresses = isIP(name) ? [name] : await resolve(name);
  const away = addresses.find((address) => !isLoopback(address));
  if (away !== undefined) {
    const shown = away === name ? name : `${name} (${away})`;
    throw usageError(`${shown} is not this machine; ${only} loopback unless --allow-remote is given`);
  }
  if (isIP(name)) return { url: parsed.href, headers: [] };
  const host = parsed.host;
  const port = Number(parsed.port) || (parsed.protocol === 'https:' ? 443 : 80);
  const address = await firstAccepting(addresses, port);
  parsed.hostname = isIP(address) === 6 ? `[${address}]` : address;
  return { url: parsed.href, headers: [['Host', host]] };
}

function parseHttp(url: string): URL {
  if (!URL.canParse(url)) throw usageError(`not a URL: ${url}`);
  const parsed = new URL(url);
  if (!['http:', 'https:'].includes(parsed.protocol)) throw usageError(`${url}: only http and https can be loaded`);
  return parsed;
}

const isLoopback = (address: string): boolean => LOOPBACK.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');

async function resolve(name: string): Promise<string[]> {
  try {
    return (await lookup(name, { all: true, order: 'ipv4first' })).map(({ address }) => address);
  } catch {
    throw usageError(`${name}: the name does not resolve`);
  }
}

/** `localhost` is both 127.0.0.1 and ::1, and a server often listens on one of them only. */
async function firstAccepting(addresses: readonly string[], port: number): Promise<string> {
  for (const address of addresses) if (await accepts(address, port)) return address;
  return addresses[0] ?? '127.0.0.1';
}

const accepts = (host: string, port: number) => new Promise<boolean>((settle) => {
  const socket = connect({ host, port, timeout: ACCEPT_MS });
  const end = (yes: boolean) => { socket.destroy(); settle(yes); };
  socket.once('connect', () => end(true)).once('error', () => end(false)).once('timeout', () => end(false));
});
