/** Exit codes of the command line. */
export const EXIT = { ok: 0, failOn: 1, usage: 2, target: 3, nothingObserved: 4 } as const;

/** Something a person must see as one line; `exitCode` says whose fault it was. */
export class WhyslowError extends Error {
  readonly exitCode: number;
  /** Longer text below the line: the target's last output. Untrusted. */
  readonly detail: string | undefined;
  constructor(message: string, exitCode: number, detail?: string) {
    super(message);
    this.name = 'WhyslowError';
    this.exitCode = exitCode;
    this.detail = detail;
  }
}

/** Wrong use: bad option, impossible value, unreadable file. */
export const usageError = (message: string): WhyslowError => new WhyslowError(message, EXIT.usage);

/** The target failed: it did not start, ended, or never answered. */
export const targetError = (message: string, output?: string): WhyslowError =>
  new WhyslowError(message, EXIT.target, output);

/** A fact has nothing to compute from, a probe nothing to look at. Becomes `{ok: false}` or a status; never reaches the user as an error. */
export class NoData extends Error {
  readonly enable: string | undefined;
  constructor(reason: string, enable?: string) {
    super(reason);
    this.name = 'NoData';
    this.enable = enable;
  }
}
