/** The contract of one step of a run. Steps are made of adapters; the worker only knows this. */

/** Values a step leaves for later ones, kept in the journal: log positions, ids, counts. */
export type Facts = Record<string, string | number | boolean | string[] | null>;

/** What the worker gives to a step. */
export interface StepRun {
  runId: string;
  /** Milliseconds since 1970. */
  startedAtMs: number;
  facts: Readonly<Facts>;
  /** Writes an observation to the journal; refused when the lease was lost. */
  note(text: string): Promise<void>;
  /** Keeps values for later steps; refused when the lease was lost. */
  remember(facts: Facts): Promise<void>;
  now(): number;
  sleep(ms: number): Promise<void>;
}

export interface Verdict {
  done: boolean;
  /** What was seen, in words with numbers. */
  text: string;
}

export interface Step {
  id: string;
  /** Longest time from acting to being seen done. */
  deadlineMs: number;
  pollMs: number;
  /** Only looks. Throwing an OutsideError means "cannot tell yet". */
  done(run: StepRun): Promise<Verdict>;
  /** Changes the outside. Doing it twice must do no harm, and it is only done when `done` said no. */
  act(run: StepRun): Promise<void>;
}
