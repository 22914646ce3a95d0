/** Sends one webhook. Only to public addresses, without redirects, within a time, reading little of the answer. */
import { promises as dns } from 'node:dns';
import http, { type IncomingMessage, type RequestOptions } from 'node:http';
import https from 'node:https';
import type { LookupFunction } from 'node:net';
import { isPublicAddress, whyUrlIsRefused } from '../domain/webhook-url.ts';

export interface WebhookHttpOptions {
  /** Plain http and any address: for a platform on one machine. */
  allowLocal: boolean;
  /** From the first look at the name to the end of the answer. */
  timeoutMs: number;
  /** Connections kept to one consumer. */
  socketsPerHost: number;
  /** Addresses of a name; the system's name servers when left out. */
  resolve?: (name: string) => Promise<string[]>;
}

/** `status` is null when there was no answer; `error` is null for 2xx and else says why not, in our words. */
export interface Sent {
  status: number | null;
  error: string | null;
}

/** Enough to reuse the connection after any reasonable answer; a longer one costs the consumer its connection. */
const answerBytesMax = 4_096;
const resolveTimeoutMs = 2_000;

/** Why an attempt never left. */
class Refused extends Error {}

export class WebhookHttp {
  readonly #options: WebhookHttpOptions;
  readonly #agents: { 'http:': http.Agent; 'https:': https.Agent };

  constructor(options: WebhookHttpOptions) {
    this.#options = options;
    const limits = { keepAlive: true, maxSockets: options.socketsPerHost, maxFreeSockets: 1, timeout: 30_000 };
    this.#agents = { 'http:': new http.Agent(limits), 'https:': new https.Agent(limits) };
  }

  /** Never throws. The request ends early, answered or not, when `signal` fires. */
  async post(url: string, headers: Record<string, string>, body: string, signal?: AbortSignal): Promise<Sent> {
    const refused = whyUrlIsRefused(url, this.#options.allowLocal);
    if (refused) return { status: null, error: 'refused: the url is not allowed' };
    const deadline = AbortSignal.timeout(this.#options.timeoutMs);
    try {
      return await this.#request(new URL(url), headers, body, signal ? AbortSignal.any([deadline, signal]) : deadline);
    } catch (error) {
      return { status: null, error: deadline.aborted ? `no answer within ${this.#options.timeoutMs} ms` : describe(error) };
    }
  }

  /** Whether a name may be sent to now: why not, for the client, or undefined. Never throws. */
  async whyHostIsRefused(url: string): Promise<string | undefined> {
    if (this.#options.allowLocal) return undefined;
    try {
      await this.#publicAddresses(new URL(url).hostname.replace(/^\[|\]$/g, ''));
      return undefined;
    } catch (error) {
      return error instanceof Refused ? 'The url leads to an address that is not public.' : 'The name in the url could not be resolved.';
    }
  }

  close(): void {
    for (const agent of Object.values(this.#agents)) agent.destroy();
  }

  #request(url: URL, headers: Record<string, string>, body: string, signal: AbortSignal): Promise<Sent> {
    const secure = url.protocol === 'https:';
    const options: RequestOptions = {
      method: 'POST',
      agent: this.#agents[secure ? 'https:' : 'http:'],
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      // Connections are opened to the very addresses that were checked; the certificate is still that of the name.
      ...(!this.#options.allowLocal && { lookup: this.#lookup }),
      signal,
    };
    return new Promise((settle, fail) => {
      const request = (secure ? https : http).request(url, options, response => settle(readAnswer(response)));
      request.on('error', fail);
      request.end(body);
    });
  }

  /** All of a name's addresses. Throws Refused unless all are public: one that is not is a trap, not a spare. */
  async #publicAddresses(name: string): Promise<string[]> {
    const addresses = isPublicAddress(name) ? [name] : await (this.#options.resolve ?? resolve)(name);
    if (addresses.length === 0) throw new Error('no address');
    if (!addresses.every(isPublicAddress)) throw new Refused('refused: the name leads to an address that is not public');
    return addresses;
  }

  readonly #lookup: LookupFunction = (name, options, callback) => {
    this.#publicAddresses(name).then(
      addresses => {
        const found = addresses.map(address => ({ address, family: address.includes(':') ? 6 : 4 }));
        if (options.all) callback(null, found);
        else callback(null, found[0]!.address, found[0]!.family);
      },
      error => callback(error as NodeJS.ErrnoException, '', 4),
    );
  };
}

/**
 * By name servers directly: the system's resolver occupies one of few threads for as long as a stranger's name server
 * pleases, and the database's own name is looked up by the same threads.
 */
async function resolve(name: string): Promise<string[]> {
  const resolver = new dns.Resolver({ timeout: resolveTimeoutMs, tries: 1 });
  const [four, six] = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
  const addresses = [four, six].flatMap(one => (one.status === 'fulfilled' ? one.value : []));
  if (addresses.length === 0 && four.status === 'rejected') throw four.reason as Error;
  return addresses;
}

async function readAnswer(response: IncomingMessage): Promise<Sent> {
  const status = response.statusCode ?? 0;
  const sent = { status, error: status >= 200 && status < 300 ? null : status >= 300 && status < 400 ? `answered ${status}: redirects are not followed` : `answered ${status}` };
  let bytes = 0;
  try {
    for await (const chunk of response) {
      bytes += (chunk as Buffer).length;
      if (bytes > answerBytesMax) break; // leaving the loop ends the connection
    }
  } catch {
    // The status is what counts, and it has come.
  }
  return sent;
}

/** Codes and our own words only: an error's message can hold what the consumer sent. */
function describe(error: unknown): string {
  if (error instanceof Refused) return error.message;
  const code = (error as { code?: unknown }).code;
  const known = typeof code === 'string' && /^[A-Z0-9_]{2,60}$/.test(code);
  return known ? `no connection: ${code}` : 'no connection';
}
