/** The payer's connection to the ledger: one JSON request, one answer, or an error; no retries. */
import { Agent, request as httpRequest } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';

export type Answer = { status: number; body: Record<string, unknown> };
export type LedgerHttp = {
  /** @throws Error when there is no whole answer within the time limit */
  call: (method: 'GET' | 'POST', path: string, body?: unknown, idempotencyKey?: string) => Promise<Answer>;
  close: () => void;
};

/** Beyond this the payer stops waiting for an answer and asks again with the same key. */
export const ATTEMPT_TIMEOUT_MS = 3_000;
const ANSWER_MAX_BYTES = 256 * 1024;

/**
 * A keep-alive client for a port of this machine or for an address; the name payers use goes into Host.
 * @param apiKey a function is asked at each request, so that a key can be changed while the payer runs
 */
export function ledgerHttp(at: number | URL, apiKey: string | (() => string), hostName: string): LedgerHttp {
  const { protocol, hostname: host, port } = typeof at === 'number' ? new URL(`http://127.0.0.1:${at}`) : at;
  const tls = protocol === 'https:';
  const agent = new (tls ? TlsAgent : Agent)({ keepAlive: true, maxSockets: 128, maxFreeSockets: 16 });
  const key = typeof apiKey === 'string' ? () => apiKey : apiKey;
  const call: LedgerHttp['call'] = (method, path, body, idempotencyKey) =>
    new Promise((resolve, reject) => {
      const payload = body === undefined ? undefined : JSON.stringify(body);
      const headers: Record<string, string> = { host: hostName, authorization: `Bearer ${key()}`, accept: 'application/json' };
      if (payload !== undefined) {
        headers['content-type'] = 'application/json';
        headers['content-length'] = String(Buffer.byteLength(payload));
      }
      if (idempotencyKey !== undefined) headers['idempotency-key'] = idempotencyKey;
      const sent = (tls ? tlsRequest : httpRequest)({ host, port, method, path, headers, agent }, response => {
        const chunks: Buffer[] = [];
        let sizeBytes = 0;
        response.on('data', (chunk: Buffer) => {
          sizeBytes += chunk.length;
          if (sizeBytes > ANSWER_MAX_BYTES) sent.destroy(new Error('the answer is too large'));
          chunks.push(chunk);
        });
        response.on('aborted', () => reject(new Error('the answer was cut off')));
        response.on('end', () => {
          const parsed = parse(Buffer.concat(chunks).toString('utf8'));
          resolve({ status: response.statusCode ?? 0, body: parsed });
        });
      });
      const limit = setTimeout(() => sent.destroy(new Error(`no answer within ${ATTEMPT_TIMEOUT_MS} ms`)), ATTEMPT_TIMEOUT_MS);
      sent.on('error', reject);
      sent.on('close', () => {
        clearTimeout(limit);
        // Settled already in every good case; a close without an answer must not hang the caller.
        reject(new Error('the connection closed without an answer'));
      });
      sent.end(payload);
    });
  return { call, close: () => agent.destroy() };
}

/** An answer that is not a JSON object (a proxy's page) is treated as empty: only its status counts. */
function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
