import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAddress } from '../../src/target/address.js';
import { listenersOf, unixSocketsOf } from '../../src/target/listeners.js';
import { connectionsByPid } from '../../src/target/serving.js';
import { parseTcpTable, parseUnixListeners, readTcp, socketInodes } from '../../src/target/sockets.js';
import { cleanUpAfterEach, scratch, until } from './support.js';

// Captured from /proc/self/net/tcp, tcp6 and unix (kernel 6.18; rows of other processes left out): a listener, both ends of
// a connection, a TIME_WAIT; a listener on an IPv4 address mapped into IPv6, one on ::1; unix sockets with and without name.
const TCP = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode                                                     
   1: 0100007F:E329 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4545232 1 000000008af2e3e5 100 0 0 10 0                   
 230: 0100007F:E329 0100007F:AD60 01 00000000:00000000 00:00000000 00000000     0        0 4545235 1 0000000099da8048 20 0 0 10 -1                   
 284: 0100007F:E329 0100007F:AD62 06 00000000:00000000 03:00001765 00000000     0        0 0 3 000000002d83e5b1                                      
 327: 0100007F:AD60 0100007F:E329 01 00000000:00000000 00:00000000 00000000     0        0 4545234 2 0000000021d2a14f 20 0 0 10 -1                   
`;
const TCP6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0000000000000000FFFF00000100007F:D5DF 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4545238 1 00000000b116258f 100 0 0 10 0
   1: 00000000000000000000000001000000:B37F 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4545233 1 00000000dade9e10 100 0 0 10 0
`;
const UNIX = `Num       RefCount Protocol Flags    Type St Inode Path
000000004e769258: 00000002 00000000 00010000 0001 01 4545240 a.sock
0000000067bea73a: 00000003 00000000 00000000 0001 03 4545243
00000000fa5bd3d1: 00000002 00000000 00010000 0001 01 4545241 @abstract name
00000000e445cd93: 00000002 00000000 00000000 0002 01 4545242 @dgram
`;

describe('parseAddress', () => {
  it.each([
    ['0100007F:1F90', '127.0.0.1', 8080],
    ['00000000:0050', '0.0.0.0', 80],
    ['00000000000000000000000001000000:0050', '::1', 80],
    ['00000000000000000000000000000000:FFFF', '::', 65535],
    ['0000000000000000FFFF00000100007F:0050', '127.0.0.1', 80],
    ['B80D0120000000000000000001000000:0050', '2001:db8::1', 80],
  ])('%s is %s port %i', (text, address, port) => {
    expect(parseAddress(text, true)).toEqual({ address, port });
  });

  it('reads the words of a big-endian machine', () => {
    expect(parseAddress('7F000001:1F90', false)).toEqual({ address: '127.0.0.1', port: 8080 });
  });

  it.each(['', ':', '0100007F', '0100007F:1F9', 'XX00007F:1F90', '0100007F00:1F90'])('is null for %j', (text) => {
    expect(parseAddress(text)).toBeNull();
  });
});

describe('tables', () => {
  it('give listeners and connections, and nothing of the dying', () => {
    expect(parseTcpTable(TCP)).toEqual([
      { state: 'LISTEN', address: '127.0.0.1', port: 0xe329, remotePort: 0, inode: 4545232 },
      { state: 'ESTABLISHED', address: '127.0.0.1', port: 0xe329, remotePort: 0xad60, inode: 4545235 },
      { state: 'ESTABLISHED', address: '127.0.0.1', port: 0xad60, remotePort: 0xe329, inode: 4545234 },
    ]);
    expect(parseTcpTable(TCP6)).toEqual([
      { state: 'LISTEN', address: '127.0.0.1', port: 0xd5df, remotePort: 0, inode: 4545238 },
      { state: 'LISTEN', address: '::1', port: 0xb37f, remotePort: 0, inode: 4545233 },
    ]);
  });

  it('survive cut and foreign lines', () => {
    expect(parseTcpTable('')).toEqual([]);
    expect(parseTcpTable('0A 0A 0A 0A\n   0: 0100007F:89D7 00000000:0000 0A\n\n')).toEqual([]);
    expect(parseUnixListeners('Num\n00: 1 2\nzz\n')).toEqual([]);
  });

  it('give listening unix sockets, with spaces in their names', () => {
    expect(parseUnixListeners(UNIX)).toEqual([
      { path: 'a.sock', inode: 4545240 },
      { path: '@abstract name', inode: 4545241 },
    ]);
  });
});

describe('sockets of a live process', () => {
  cleanUpAfterEach();

  it('are found by their inodes: TCP 4 and 6, unix', async () => {
    const path = join(scratch(), 'a.sock');
    const servers = [createServer(), createServer(), createServer()] as const;
    try {
      await new Promise<void>((resolve) => servers[0].listen(0, '127.0.0.1', resolve));
      await new Promise<void>((resolve) => servers[1].listen(0, '::1', resolve));
      await new Promise<void>((resolve) => servers[2].listen(path, resolve));
      const ports = servers.slice(0, 2).map((server) => (server.address() as AddressInfo).port);
      const mine = listenersOf([process.pid]);
      expect(mine.find(({ port }) => port === ports[0])).toEqual({ port: ports[0], addresses: ['127.0.0.1'], pids: [process.pid], reachable: true });
      expect(mine.find(({ port }) => port === ports[1])?.addresses).toEqual(['::1']);
      expect(unixSocketsOf([process.pid])).toContain(path);
    } finally {
      for (const server of servers) server.close();
    }
  });

  it('tell the end that serves from the end that asks', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const clients = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')];
    try {
      // Both ends live in this process: only the two accepted ones count.
      const counts = await until(() => { const c = connectionsByPid([process.pid], port); return c.get(process.pid) === 2 && c; }, 'accepted');
      expect([...counts]).toEqual([[process.pid, 2]]);
      expect(connectionsByPid([process.pid], 1)).toEqual(new Map());
    } finally {
      for (const client of clients) client.destroy();
      server.close();
    }
  });

  it('are none for a process that is gone', () => {
    const gone = 2 ** 22 + 1;
    expect(readTcp(gone)).toEqual([]);
    expect(socketInodes(gone).size).toBe(0);
    expect(listenersOf([gone])).toEqual([]);
    expect(unixSocketsOf([gone])).toEqual([]);
    expect(connectionsByPid([gone], 80)).toEqual(new Map());
  });
});
