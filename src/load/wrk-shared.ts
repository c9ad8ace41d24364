import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Layout of the memory shared with probes/load/wrk.lua, which describes it. */
const SLOTS = 2;
const SLOT_DOUBLES = 2048;
const REQUEST_AT = SLOTS * SLOT_DOUBLES * 8;

/** Totals since the start. */
export interface WrkCounts { ready: number; answers: number; bytes: number; statuses: Record<string, number> }

export interface WrkShared { fd: number; size: number; read(): WrkCounts; close(): void }

/** A file without a name, so that nothing is left however we end; the generator inherits the descriptor and maps it. */
export function wrkShared(request: Buffer): WrkShared {
  const dir = mkdtempSync(join(tmpdir(), 'whyslow-wrk-'));
  const fd = openSync(join(dir, 'shared'), 'wx+', 0o600);
  rmSync(dir, { recursive: true });
  const length = Buffer.alloc(4);
  length.writeUInt32LE(request.length);
  writeSync(fd, Buffer.concat([Buffer.alloc(REQUEST_AT), length, request]));
  const bytes = Buffer.alloc(REQUEST_AT);
  return {
    fd,
    size: REQUEST_AT + 4 + request.length,
    read() {
      readSync(fd, bytes, 0, REQUEST_AT, 0);
      const counts: WrkCounts = { ready: 0, answers: 0, bytes: 0, statuses: {} };
      for (let slot = 0; slot < SLOTS; slot++) {
        const at = (i: number) => bytes.readDoubleLE((slot * SLOT_DOUBLES + i) * 8);
        counts.answers += at(0);
        counts.bytes += at(1);
        counts.ready += at(2);
        for (let status = 100; status < 1000; status++) {
          const n = at(status);
          if (n > 0) counts.statuses[status] = (counts.statuses[status] ?? 0) + n;
        }
      }
      return counts;
    },
    close: () => closeSync(fd),
  };
}
