/** One HTTP call with a deadline and a bounded answer; `fetch` is an argument, so every adapter shares these limits. */
import { OutsideError } from './outside';

export type Fetch = typeof fetch;

export interface HttpCall {
  /** Name for errors, e.g. `Patroni pg-a1`. */
  source: string;
  url: string;
  method?: string;
  headers?: Record<string, string>;
  /** Sent as JSON. */
  body?: unknown;
  timeoutMs: number;
  /** Answers that are values; anything else is an error. Default: 200-299. */
  accept?: (status: number) => boolean;
}

export interface HttpAnswer {
  status: number;
  headers: Headers;
  text: string;
}

/** Answers larger than this are refused: nothing we ask for is near it, and a wrong address must not fill the memory. */
const maxAnswerBytes = 8 * 1024 * 1024;
const shownErrorCharacters = 200;

async function readBounded(source: string, response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > maxAnswerBytes) throw new OutsideError(source, 'unknown', `answer is larger than ${maxAnswerBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/**
 * Calls and reads the whole answer within `timeoutMs`.
 * @throws OutsideError `unknown` on timeout, connection failure and 5xx; `refused` on any other unaccepted status
 */
export async function callHttp(fetchApi: Fetch, call: HttpCall): Promise<HttpAnswer> {
  const accept = call.accept ?? (status => status >= 200 && status < 300);
  const method = call.method ?? 'GET';
  let answer: HttpAnswer;
  try {
    const response = await fetchApi(call.url, {
      method,
      headers: { ...(call.body === undefined ? {} : { 'content-type': 'application/json' }), ...call.headers },
      body: call.body === undefined ? undefined : JSON.stringify(call.body),
      signal: AbortSignal.timeout(call.timeoutMs),
      redirect: 'error',
    });
    answer = { status: response.status, headers: response.headers, text: await readBounded(call.source, response) };
  } catch (error) {
    if (error instanceof OutsideError) throw error;
    // Not by class: the error may come from another realm.
    const failure = error as { name?: string; message?: string; cause?: { message?: string } };
    const timedOut = failure.name === 'TimeoutError';
    const cause = failure.cause?.message ?? failure.message ?? String(error);
    const why = timedOut ? `no answer within ${call.timeoutMs} ms` : `not reachable (${cause})`;
    throw new OutsideError(call.source, 'unknown', `${method} ${new URL(call.url).pathname}: ${why}`, { cause: error });
  }
  if (accept(answer.status)) return answer;
  const text = answer.text.replace(/\s+/g, ' ').slice(0, shownErrorCharacters);
  throw new OutsideError(
    call.source,
    answer.status >= 500 ? 'unknown' : 'refused',
    `${method} ${new URL(call.url).pathname} answered ${answer.status} ${text}`.trim(),
  );
}

/** Parses an answer as JSON and hands it to `parse`; a wrong shape is an outside failure, not a crash. */
export function parseJson<T>(source: string, answer: HttpAnswer, parse: (value: unknown) => T): T {
  try {
    return parse(JSON.parse(answer.text));
  } catch (error) {
    throw new OutsideError(source, 'unknown', 'answered something that is not what its interface promises', { cause: error });
  }
}
