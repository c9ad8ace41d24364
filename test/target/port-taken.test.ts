import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { assertPortFree } from '../../src/target/port-taken.js';
import { readStat } from '../../src/target/procfs.js';

describe('assertPortFree', () => {
  it('names who holds the port, and lets other addresses and machines be', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const error = expect.objectContaining({
      exitCode: 3, message: `port ${port} is already taken by PID ${process.pid} (${readStat(process.pid)?.comm}): stop it, or attach to it`,
    }) as Error;
    try {
      expect(() => assertPortFree(null, port)).toThrow(error);
      expect(() => assertPortFree(`http://localhost:${port}/x`, null)).toThrow(error);
      expect(() => assertPortFree(`http://127.0.0.1:${port}`, null)).toThrow(error);
      expect(() => assertPortFree(`http://127.0.0.2:${port}`, null)).not.toThrow();
      expect(() => assertPortFree(`http://192.0.2.1:${port}`, null)).not.toThrow();
      expect(() => assertPortFree(null, null)).not.toThrow();
    } finally {
      server.close();
    }
    expect(() => assertPortFree(null, port)).not.toThrow();
  });
});
