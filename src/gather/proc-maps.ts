import { readFileSync } from 'node:fs';

/** One line of /proc/PID/maps. */
export interface MemoryMap { from: bigint; to: bigint; name: string }

export const addressOf = (hex: string): bigint => BigInt(`0x${hex}`);

export function mapsOf(pid: number): MemoryMap[] {
  try {
    return parseMaps(readFileSync(`/proc/${pid}/maps`, 'utf8'));
  } catch {
    return [];
  }
}

/**
 * https://docs.kernel.org/filesystems/proc.html
 *
 *   55d0c8a00000-55d0c8a95000 rw-p 00695000 fe:01 131414      /usr/bin/python3.11
 *   55d0c8a95000-55d0c8ad8000 rw-p 00000000 00:00 0                                    (the .bss of the file before it)
 *   55d0c9e2f000-55d0ca0a1000 rw-p 00000000 00:00 0           [heap]
 */
function parseMaps(text: string): MemoryMap[] {
  const maps: MemoryMap[] = [];
  for (const line of text.split('\n')) {
    const match = /^([0-9a-f]+)-([0-9a-f]+) \S+ \S+ \S+ \d+ *(.*)$/.exec(line);
    if (!match) continue;
    const [from, to] = [addressOf(match[1] ?? '0'), addressOf(match[2] ?? '0')];
    const before = maps.at(-1);
    const isBss = match[3] === '' && before !== undefined && before.to === from && before.name.startsWith('/');
    maps.push({ from, to, name: isBss ? before.name : match[3] ?? '' });
  }
  return maps;
}

/** Null where the address is in none. */
export const mappingAt = (maps: readonly MemoryMap[], address: bigint): string | null =>
  maps.find(({ from, to }) => from <= address && address < to)?.name ?? null;
