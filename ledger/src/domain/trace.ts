/** W3C trace context, as far as the ledger reads it by itself: for its log lines. */

export interface TraceContext {
  /** 32 hexadecimal digits. */
  traceId: string;
}

/** Of a `traceparent` header (version 00, or a later one that begins alike). Undefined when there is none to trust. */
export function parseTraceparent(header: unknown): TraceContext | undefined {
  if (typeof header !== 'string') return undefined;
  const match = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(?:$|-)/.exec(header);
  return match && !/^0+$/.test(match[1]!) && !/^0+$/.test(match[2]!) ? { traceId: match[1]! } : undefined;
}

/** When a command was taken up, sent to the database and committed, in milliseconds of `performance.now()`. */
export interface WriteTiming {
  queuedAtMs: number;
  sentAtMs: number;
  committedAtMs: number;
  /** Journal rows of the batch it was in. */
  batchRows: number;
}
