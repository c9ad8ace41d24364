/** What a collector may take to answer, ms. */
const ANSWER_MS = 10_000;
const REASON_CHARS = 200;

/** Posts one OTLP/HTTP request in JSON. Resolves with null, or with why it did not arrive; never rejects. */
export async function postOtlp(url: string, body: string, headers: Record<string, string> = {}): Promise<string | null> {
  try {
    const response = await fetch(url, {
      method: 'POST', body, headers: { ...headers, 'content-type': 'application/json' }, redirect: 'error', signal: AbortSignal.timeout(ANSWER_MS),
    });
    const text = await response.text();
    if (!response.ok) return `it answered ${response.status}${text === '' ? '' : `: ${text.slice(0, REASON_CHARS)}`}`;
    return rejected(text);
  } catch (error) {
    return reasonOf(error);
  }
}

/** The answer may be a success in part: https://opentelemetry.io/docs/specs/otlp/#partial-success-1 */
function rejected(text: string): string | null {
  try {
    const { partialSuccess } = JSON.parse(text) as { partialSuccess?: { rejectedDataPoints?: string | number; errorMessage?: string } };
    const points = Number(partialSuccess?.rejectedDataPoints ?? 0);
    return points > 0 ? `it refused ${points} of the figures: ${(partialSuccess?.errorMessage ?? 'no reason given').slice(0, REASON_CHARS)}` : null;
  } catch {
    return null;
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer within ${ANSWER_MS / 1000} s`;
  const { cause } = error;
  if (cause instanceof Error) return (cause as NodeJS.ErrnoException).code ?? cause.message;
  return error.message;
}
