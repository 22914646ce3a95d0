/** Reads what pgbench and wrk print: pure. A line that is not there is an error, never a zero. */

export interface PgbenchResult {
  transactions: number;
  perSecond: number;
  latencyMs: number;
}

/** Throws when pgbench did not finish, lost a client or counted failed transactions. */
export function parsePgbench(text: string): PgbenchResult {
  const number = (pattern: RegExp) => {
    const match = pattern.exec(text);
    if (!match) throw new Error(`pgbench printed nothing like ${pattern.source}:\n${text.slice(-2000)}`);
    return Number(match[1]);
  };
  if (/\baborted\b/.test(text)) throw new Error(`pgbench lost a client:\n${text.slice(-2000)}`);
  const failed = number(/^number of failed transactions: (\d+)/m);
  if (failed > 0) throw new Error(`pgbench counted ${failed} failed transactions`);
  const result = {
    transactions: number(/^number of transactions actually processed: (\d+)/m),
    perSecond: number(/^tps = ([\d.]+) \(without initial connection time\)/m),
    latencyMs: number(/^latency average = ([\d.]+) ms/m),
  };
  if (result.transactions === 0) throw new Error('pgbench processed no transaction');
  return result;
}

/** Written by payments.lua when wrk is done. */
export interface WrkResult {
  durationUs: number;
  requests: number;
  /** Answers with the status that acknowledges: 201 of one payment, 200 of a batch. */
  acknowledged: number;
  /** Answers with any other status. */
  refused: number;
  p50Us: number;
  p99Us: number;
}

/** Throws on socket errors, refused requests, or when nothing was acknowledged. */
export function parseWrk(text: string): WrkResult {
  const match = /^bench (\{.*\})$/m.exec(text);
  if (!match) throw new Error(`wrk did not report:\n${text.slice(-2000)}`);
  const raw = JSON.parse(match[1]!) as WrkResult & { socketErrors: number; firstRefusal: string };
  const { socketErrors, firstRefusal, ...result } = raw;
  if (socketErrors > 0) throw new Error(`wrk counted ${socketErrors} socket errors or timeouts`);
  if (result.refused > 0) throw new Error(`${result.refused} of ${result.requests} requests were refused, the first with: ${firstRefusal}`);
  if (!(result.acknowledged > 0)) throw new Error('wrk saw no acknowledged payment');
  return result;
}
