/** What the ledger wants of Redis, whoever asks: an answer soon, or none. Redis holds nothing that is not elsewhere. */

export interface RedisScript {
  /** Lua. Its SHA-1 is what usually goes over the wire. */
  source: string;
  /** Hex. */
  sha1: string;
}

export interface RedisConnection {
  /** False while it is not connected or was too slow; then every call is refused at once. */
  readonly up: boolean;
  /** How often it has come up: another number, perhaps another server or an older state of it. */
  readonly timesUp: number;
  /** One command. Throws RedisUnavailable, within `commandTimeoutMs` of the connection. */
  send(command: string[]): Promise<unknown>;
  /** One script, run on the server without anything in between. Throws RedisUnavailable. */
  script(script: RedisScript, keys: string[], args: string[]): Promise<unknown>;
}

/** No connection, no answer in time, too many commands under way, or the server refused. Not an error of the caller: go on without Redis. */
export class RedisUnavailable extends Error {
  override readonly name = 'RedisUnavailable';
}
