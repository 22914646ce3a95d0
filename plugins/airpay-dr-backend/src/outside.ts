/**
 * One error for every failure of an outside thing, so that use cases never see pg, gRPC or fetch errors.
 *
 * `outcome` says what may be concluded of a write: `refused` = it was answered and did not happen,
 * `unknown` = nobody can tell, so the only right answer is to look.
 */
export class OutsideError extends Error {
  readonly source: string;
  readonly outcome: 'refused' | 'unknown';

  constructor(source: string, outcome: 'refused' | 'unknown', message: string, options?: { cause?: unknown }) {
    super(`${source}: ${message}`, options);
    this.name = 'OutsideError';
    this.source = source;
    this.outcome = outcome;
  }
}

/** A value read from outside, or why it could not be read: one dead thing must not hide the others. */
export type Reading<T> = { ok: true; value: T } | { ok: false; error: string };

/** Turns a promise into a reading; only an `OutsideError` is an answer, everything else is our own fault and is thrown on. */
export async function reading<T>(promise: Promise<T>): Promise<Reading<T>> {
  try {
    return { ok: true, value: await promise };
  } catch (error) {
    if (error instanceof OutsideError) return { ok: false, error: error.message };
    throw error;
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
