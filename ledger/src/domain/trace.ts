/** W3C trace context, as far as the ledger reads it by itself: for its log lines, and to decide whether to trust it. */
import { holdsCardNumber } from './text.ts';

export interface TraceContext {
  /** 32 hexadecimal digits. */
  traceId: string;
}

/**
 * Of a `traceparent` header (version 00, or a later one that begins alike). Undefined when there is none to trust: also when
 * an id is of decimal digits alone or a card number. Chance makes such ids hardly ever, and these go into logs and spans.
 */
export function parseTraceparent(header: unknown): TraceContext | undefined {
  if (typeof header !== 'string') return undefined;
  const match = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(?:$|-)/.exec(header);
  const [, traceId = '', parentId = ''] = match ?? [];
  const trusted = match && !/^\d+$/.test(traceId) && !/^0+$/.test(parentId) && !holdsCardNumber(traceId) && !holdsCardNumber(parentId);
  return trusted ? { traceId } : undefined;
}

/** When a command was taken up, sent to the database and committed, in milliseconds of `performance.now()`. */
export interface WriteTiming {
  queuedAtMs: number;
  sentAtMs: number;
  committedAtMs: number;
  /** Journal rows of the batch it was in. */
  batchRows: number;
}
