/**
 * One connection to Redis with a circuit breaker. A command that fails or takes longer than its limit opens it: from then on
 * every call is refused at once, no caller waits, and the connection alone finds out when Redis answers again. Nothing is
 * queued for later: what could not be sent is the caller's loss, and a cache can bear it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient, ErrorReply } from 'redis';
import { RedisUnavailable, type RedisConnection, type RedisScript } from '../domain/redis.ts';

export interface RedisOptions {
  /** redis:// or rediss:// (TLS), with user and password if any. */
  url: string;
  /** Slower than this is as good as dead. */
  commandTimeoutMs: number;
  /** Until connected and greeted. */
  connectTimeoutMs: number;
  /** Between attempts to connect or to get an answer; doubles from the first to the second. */
  retryMinMs: number;
  retryMaxMs: number;
  /** Commands without an answer yet; more are refused. */
  inFlightMax: number;
  /** Told of every change; `reason` is for people and logs and holds no secret. */
  onChange: (up: boolean, reason: string) => void;
}

export const redisDefaults: Omit<RedisOptions, 'url' | 'onChange'> = {
  commandTimeoutMs: 50,
  connectTimeoutMs: 1_000,
  retryMinMs: 50,
  retryMaxMs: 2_000,
  inFlightMax: 1_000,
};

type Client = ReturnType<typeof newClient>;

function newClient(options: RedisOptions) {
  return createClient({
    url: options.url,
    name: 'ledger',
    disableOfflineQueue: true,
    commandsQueueMaxLength: options.inFlightMax * 2,
    disableClientInfo: true,
    // Both are this file's business: a client that reconnects by itself keeps what it could not send.
    socket: { reconnectStrategy: false, connectTimeout: options.connectTimeoutMs },
    maintNotifications: 'disabled',
  });
}

/** Answers by which a server says that it cannot serve now, whatever is asked. */
const outOfService = /^(LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|NOAUTH|WRONGPASS|TRYAGAIN)\b/;

export class Redis implements RedisConnection {
  readonly #options: RedisOptions;
  readonly #closing = new AbortController();
  readonly #running: Promise<void>;
  #client: Client | undefined;
  #up = false;
  #timesUp = 0;
  #inFlight = 0;
  /** Ends the time in which the breaker is closed. */
  #trip: (reason: string) => void = () => undefined;

  /** Connects by itself, now and whenever the connection is lost. */
  constructor(options: RedisOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  get up(): boolean {
    return this.#up;
  }

  get timesUp(): number {
    return this.#timesUp;
  }

  async send(command: string[]): Promise<unknown> {
    const client = this.#client;
    if (!this.#up || !client) throw new RedisUnavailable('Redis is left alone for now');
    if (this.#inFlight >= this.#options.inFlightMax) throw new RedisUnavailable('too many commands to Redis are under way');
    this.#inFlight++;
    try {
      return await within(client.sendCommand(command), this.#options.commandTimeoutMs);
    } catch (error) {
      throw this.#refuse(error as Error);
    } finally {
      this.#inFlight--;
    }
  }

  async script(script: RedisScript, keys: string[], args: string[]): Promise<unknown> {
    const rest = [keys.length.toString(), ...keys, ...args];
    try {
      return await this.send(['EVALSHA', script.sha1, ...rest]);
    } catch (error) {
      // A server that was started or flushed since does not know it.
      if (!/^NOSCRIPT\b/.test((error as Error).message)) throw error;
      return this.send(['EVAL', script.source, ...rest]);
    }
  }

  /** Resolves when the connection is up or the time is over. */
  async ready(timeoutMs: number): Promise<boolean> {
    const until = performance.now() + timeoutMs;
    while (!this.#up && performance.now() < until && !this.#closing.signal.aborted) await sleep(5);
    return this.#up;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#trip('closed');
    this.#client?.destroy();
    await this.#running;
  }

  #refuse(error: Error): RedisUnavailable {
    // A refusal of this one command (no memory, no such script, wrong type) says nothing about the next one.
    if (!(error instanceof ErrorReply) || outOfService.test(error.message)) this.#trip(error.message);
    return new RedisUnavailable(error.message, { cause: error });
  }

  async #run(): Promise<void> {
    const { retryMinMs, retryMaxMs } = this.#options;
    let waitMs = retryMinMs;
    while (!this.#closing.signal.aborted) {
      const upForMs = await this.#serve();
      waitMs = upForMs > retryMaxMs ? retryMinMs : Math.min(waitMs * 2, retryMaxMs);
      // Between half and the whole of it: the processes of a region must not all come back in the same moment.
      await sleep(waitMs * (0.5 + Math.random() / 2), undefined, { signal: this.#closing.signal, ref: false }).catch(() => undefined);
    }
  }

  /** One connection from its beginning to its end. Returns how long it last answered without a pause. */
  async #serve(): Promise<number> {
    const client = newClient(this.#options);
    this.#client = client;
    let lost = false;
    client.on('error', (error: Error) => {
      lost = true;
      this.#trip(error.message || error.name);
    });
    let upForMs = 0;
    try {
      await within(client.connect(), this.#options.connectTimeoutMs);
      while (!lost && !this.#closing.signal.aborted && (await this.#answersInTime(client))) upForMs = await this.#stayUp();
    } catch {
      // Not reachable, or silent for so long that a new connection is worth trying; the change was told when it went down.
    } finally {
      client.destroy();
      this.#client = undefined;
    }
    return upForMs;
  }

  /** Probes while the breaker is open. True once an answer came quickly; throws when none comes at all. */
  async #answersInTime(client: Client): Promise<boolean> {
    let waitMs = this.#options.retryMinMs;
    while (!this.#closing.signal.aborted) {
      const askedAt = performance.now();
      await within(client.sendCommand(['PING']), this.#options.connectTimeoutMs);
      if (performance.now() - askedAt <= this.#options.commandTimeoutMs) return true;
      await sleep(waitMs, undefined, { signal: this.#closing.signal, ref: false });
      waitMs = Math.min(waitMs * 2, this.#options.retryMaxMs);
    }
    return false;
  }

  async #stayUp(): Promise<number> {
    const startedAt = performance.now();
    const reason = await new Promise<string>(settle => {
      this.#trip = settle;
      this.#up = true;
      this.#timesUp++;
      this.#options.onChange(true, 'connected');
    });
    this.#up = false;
    this.#trip = () => undefined;
    this.#options.onChange(false, reason);
    return performance.now() - startedAt;
  }
}

/** Throws after the time; the late answer is dropped. A process that was held up itself reads what has arrived before it judges. */
function within<T>(answer: Promise<T>, timeoutMs: number): Promise<T> {
  return new Promise((settle, fail) => {
    // Timers run before sockets are read, immediates after.
    const timer = setTimeout(() => setImmediate(() => fail(new Error(`no answer within ${timeoutMs} ms`))), timeoutMs);
    answer.then(settle, fail).finally(() => clearTimeout(timer));
  });
}
