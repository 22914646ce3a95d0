/** One way to read JSON from a system beside us: a limit on time and size, one error type. */

/** What a read of another system failed with; `source` is the name a person knows it by. */
export class UpstreamError extends Error {
  override readonly name = 'UpstreamError';

  constructor(
    readonly source: string,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/** Larger answers than this are a wrong question, not something to keep in memory. */
const maxBodyBytes = 16 * 1024 * 1024;

export interface ReadOptions {
  /** Name in errors, e.g. `Prometheus`. */
  source: string;
  timeoutMs: number;
  /** Sent as bearer token when given. */
  token?: string;
  /** Sent as a POST form when given, which has no limit on the length of a query. */
  form?: Record<string, string>;
}

/**
 * @returns status and parsed body; the caller judges the status, since what a 422 means differs
 * @throws UpstreamError when there is no answer in time, or it is no JSON
 */
export async function readJson(url: string, options: ReadOptions): Promise<{ status: number; body: unknown }> {
  const { source, timeoutMs, token, form } = options;
  const headers: Record<string, string> = { accept: 'application/json' };
  if (token) headers.authorization = `Bearer ${token}`;
  let status: number;
  let text: string;
  try {
    const response = await fetch(url, {
      headers,
      signal: AbortSignal.timeout(timeoutMs),
      ...(form ? { method: 'POST', body: new URLSearchParams(form) } : {}),
    });
    status = response.status;
    text = await readLimited(response, source);
  } catch (error) {
    if (error instanceof UpstreamError) throw error;
    throw new UpstreamError(source, `${source} gave no answer: ${reasonOf(error, timeoutMs)}`, { cause: error });
  }
  try {
    return { status, body: JSON.parse(text) };
  } catch (error) {
    throw new UpstreamError(source, `${source} answered ${status} with something that is not JSON`, { cause: error });
  }
}

async function readLimited(response: Response, source: string): Promise<string> {
  const reader = response.body?.getReader();
  if (!reader) return '';
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    bytes += value.byteLength;
    if (bytes > maxBodyBytes) {
      await reader.cancel();
      throw new UpstreamError(source, `${source} answered with more than ${maxBodyBytes} bytes`);
    }
    chunks.push(value);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function reasonOf(error: unknown, timeoutMs: number): string {
  const { name, message, cause } = error as { name?: string; message?: string; cause?: { message?: string } };
  if (name === 'TimeoutError') return `none within ${timeoutMs} ms`;
  // fetch says "fetch failed" and keeps the reason (ECONNREFUSED …) in its cause.
  return cause?.message || message || String(error);
}

/** The sentence a page shows for a failed part. */
export function asPartialError(error: unknown, source: string): { source: string; message: string } {
  return error instanceof UpstreamError
    ? { source: error.source, message: error.message }
    : { source, message: error instanceof Error ? error.message : String(error) };
}
