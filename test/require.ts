import { isRequired, missing, type Need } from '../scripts/capabilities.mjs';

/**
 * For a test that needs something of the machine: `it.skipIf(requires('strace').skip)(...)`.
 * Prints why it is skipped; where WHYSLOW_REQUIRE names the need, nothing is skipped: its test file fails.
 */
export function requires(...needs: Need[]): { skip: boolean; reason: string } {
  const lacking = needs.filter((need) => missing(need) !== null);
  const reason = lacking.map((need) => `${need}: ${missing(need)}`).join('; ');
  const must = lacking.filter((need) => isRequired(need));
  if (must.length > 0) throw new Error(`WHYSLOW_REQUIRE names ${must.join(', ')}, which does not work here (${reason})`);
  if (lacking.length > 0) process.stderr.write(`skipped: ${reason}\n`);
  return { skip: lacking.length > 0, reason };
}
