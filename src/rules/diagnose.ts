import { hotFunctionsFact } from '../facts/hot-functions.js';
import type { Diagnosis, FactReader, Finding, Rule } from '../types.js';
import { rules as allRules } from './index.js';
import { FACT_LABELS } from './support/facts.js';
import { absent } from './support/finding.js';
import { percent } from './support/format.js';
import { namesCode } from './support/hot-code.js';
import { behindCauses, causeOf, closeSecond, costWeight, weight, withCandidates } from './support/order.js';

export interface Judgement {
  verdict: Finding;
  /** Another cause that weighs nearly as much; null for none. */
  closeSecond: Finding | null;
  /** Ranked; the verdict first. `unknown` only as the verdict. */
  findings: Finding[];
  ruledOut: { id: Finding['id']; why: string }[];
  notObserved: { what: string; why: string; enable: string | null }[];
}

/** Share of the responses, or of what the server had left: with a load finding this large the rest is doubtful. */
const LARGE_LOAD = 0.2;
/** A cause that costs less is no reason to call a server that is fine otherwise ill. */
const WORTH_NAMING = 0.1;
/** Less sure than this, and a cause is a hint, not a verdict. */
const LEAST_CONFIDENCE = 0.5;
/** A cause that costs less is true, but not why the server is slow. */
const LEAST_COST = 0.02;
/** A cause that costs less is as good as none. */
const NOTHING = 0.005;
/** Of the causes that were not sure enough, so many are worth telling apart. */
const CANDIDATES = 3;
/** What stays of the confidence in findings behind a load that was all wrong. */
const DOUBT = 0.5;

/** Runs all rules over the facts of one run and ranks what they found. */
export function diagnose(read: FactReader, rules: readonly Rule[] = allRules): Judgement {
  const judged = rules.filter((rule) => rule.id !== 'unknown').map((rule) => judge(rule, read)).map(withoutTrifle);
  const found = judged.flatMap(({ diagnosis }) => (diagnosis.kind === 'finding' ? [diagnosis.finding] : []));
  const ranked = rank(found);
  const [first] = ranked;
  const sure = first !== undefined && first.kind !== 'note' && first.confidence >= LEAST_CONFIDENCE && (first.kind !== 'cause' || costWeight(first) >= LEAST_COST);
  const hints = ranked.filter((f) => f.kind === 'cause' && f.confidence < LEAST_CONFIDENCE);
  const verdict = sure ? first : withCandidates(lastResort(rules, read), hints.slice(0, CANDIDATES));
  return {
    verdict,
    closeSecond: closeSecond(verdict, ranked, LEAST_CONFIDENCE),
    findings: [verdict, ...ranked.filter((f) => f !== verdict)],
    ruledOut: judged.flatMap(({ rule, diagnosis }) => {
      if (diagnosis.kind === 'absent') return [{ id: rule.id, why: diagnosis.why }];
      const dropped = diagnosis.kind === 'finding' && !ranked.some((f) => f.id === rule.id);
      return dropped ? [{ id: rule.id, why: `${verdict.id} is worth mending` }] : [];
    }),
    notObserved: notObserved(judged, read),
  };
}

function withoutTrifle(judged: Judged): Judged {
  const { diagnosis } = judged;
  if (diagnosis.kind !== 'finding' || diagnosis.finding.kind !== 'cause' || costWeight(diagnosis.finding) >= NOTHING) return judged;
  const { evidence: [first], cost } = diagnosis.finding;
  return { ...judged, diagnosis: absent(`${first ? `${first.text}: ` : ''}${percent(cost.share)} of a request's time`) };
}

/** load that spoils the rest | causes | states | causes too small beside `healthy` | hints | notes. */
export function rank(found: readonly Finding[]): Finding[] {
  const claimed = found.filter((f) => f.kind === 'cause' && f.confidence >= LEAST_CONFIDENCE);
  // A load that went wrong for a reason that was found is no doubt, but evidence.
  const isLarge = (f: Finding): boolean => f.kind === 'load' && f.cost.share >= LARGE_LOAD && causeOf(f, claimed) === null;
  const doubt = Math.max(0, ...found.filter(isLarge).map((f) => f.cost.share));
  const hidden = found.filter((f) => f.kind === 'cause').length;
  const fine = found.some((f) => f.id === 'healthy');
  const worthNaming = (f: Finding): boolean => costWeight(f) >= WORTH_NAMING || !fine;
  const group = (f: Finding): number => {
    if (isLarge(f)) return 0;
    if (f.kind === 'note') return 5;
    if (f.confidence < LEAST_CONFIDENCE) return 4;
    if (f.kind === 'state') return 2;
    return worthNaming(f) ? 1 : 3;
  };
  const doubted = found.map((f) => (isLarge(f) ? withWarning(f, hidden) : doubt > 0 ? behind(f, doubt) : f));
  // A server is not healthy that has a cause worth naming, whatever its CPU looks like.
  const kept = doubted.filter((f) => f.id !== 'healthy' || !doubted.some((o) => group(o) <= 1));
  return behindCauses(kept.sort((a, b) => group(a) - group(b) || weight(b) - weight(a)), claimed);
}

function withWarning(load: Finding, hidden: number): Finding {
  if (hidden === 0) return load;
  const note = `Behind it ${hidden === 1 ? 'is one more finding' : `are ${hidden} more findings`}, measured under this load: mend this, measure again, then judge ${hidden === 1 ? 'it' : 'them'}.`;
  return { ...load, advice: [...load.advice, note] };
}

function behind(finding: Finding, doubt: number): Finding {
  if (finding.kind === 'load') return finding;
  return { ...finding, confidence: Number((finding.confidence * (1 - DOUBT * doubt)).toPrecision(4)) };
}

interface Judged { rule: Rule; diagnosis: Diagnosis; missing: string[] }

/** Runs one rule, keeping in mind which facts it asked for in vain. */
function judge(rule: Rule, read: FactReader): Judged {
  const missing = new Set<string>();
  const diagnosis = rule.diagnose((fact) => {
    const gathered = read(fact);
    if (!gathered.ok) missing.add(fact.name);
    return gathered;
  });
  return { rule, diagnosis, missing: [...missing] };
}

/** Facts that are missing, with the rules that went without or saw less; then rules that lacked something else. */
function notObserved(judged: Judged[], read: FactReader): Judgement['notObserved'] {
  const facts = FACT_LABELS.flatMap(({ fact, label }) => {
    const gathered = read(fact);
    if (gathered.ok) return [];
    const blind = judged.filter((j) => j.missing.includes(fact.name) && j.diagnosis.kind === 'no-data').map((j) => j.rule.id);
    const what = blind.length > 0 ? `${label} (could not judge ${blind.join(', ')})` : label;
    return [{ what, why: gathered.reason, enable: gathered.enable ?? null }];
  });
  const others = judged.flatMap(({ rule, diagnosis, missing }) =>
    diagnosis.kind === 'no-data' && missing.length === 0 ? [{ what: rule.id, why: diagnosis.why, enable: diagnosis.enable ?? null }] : []);
  return [...facts, ...names(read), ...others];
}

/** A profile without names is there, but says nothing of the program. */
function names(read: FactReader): Judgement['notObserved'] {
  const hot = read(hotFunctionsFact);
  if (!hot.ok || namesCode(hot.value)) return [];
  return [{
    what: 'names of the functions that hold the CPU', why: 'only native and kernel frames were recorded, none of the program itself',
    enable: 'Node: a longer load (-d), for the profile has a window of its own; Python: a profiler of the language, such as py-spy',
  }];
}

function lastResort(rules: readonly Rule[], read: FactReader): Finding {
  const diagnosis = rules.find((rule) => rule.id === 'unknown')?.diagnose(read);
  if (diagnosis?.kind !== 'finding') throw new Error('the rule `unknown` must be in the list and always hold');
  return diagnosis.finding;
}

