import { WhyslowError } from '../errors.js';
import { flameFragment } from '../export/flame-fragment.js';
import { profileTitle } from '../export/flame-title.js';
import type { PageFlame } from '../report/html/page.js';
import type { Gathered, StackProfile } from '../types.js';
import { flameAssets } from './flame-assets.js';

/** The flame graph of the page; where the run holds no stacks, why. */
export function pageFlame(stacks: () => StackProfile): Gathered<PageFlame> {
  try {
    const profile = stacks();
    return { ok: true, value: { about: profileTitle(profile, {}).details, ...flameFragment(profile, flameAssets()) } };
  } catch (error) {
    if (error instanceof WhyslowError) return { ok: false, reason: error.message };
    throw error;
  }
}
