/**
 * A process that sends webhooks, to be stopped and killed: `node relay-process.ts <database url> <lease ms>`. Prints `leading` each time
 * it becomes the one that sends.
 */
import { randomUUID } from 'node:crypto';
import { WebhookHttp } from '../../src/adapters/webhook-http.ts';
import { WebhookStore } from '../../src/adapters/webhooks.ts';
import { Sealer } from '../../src/domain/sealed.ts';
import { Relay } from '../../src/usecases/relay.ts';
import { openDatabase, quick, sealingKey } from './webhooks.ts';

const [url, leaseTtlMs] = process.argv.slice(2) as [string, string];
const log = (_fields: object, message: string) => console.log(/by this process/.test(message) ? 'leading' : message);
const http = new WebhookHttp({ allowLocal: true, timeoutMs: 2_000, socketsPerHost: 16 });
const relay = new Relay(
  { store: new WebhookStore(openDatabase(url)), http, sealer: new Sealer([sealingKey]), metrics: { count: () => undefined }, log: { info: log, warn: log } },
  // So many attempts that no consumer is given up while a test has it dead.
  { ...quick, delaysMs: Array(1_000).fill(50), holder: randomUUID(), leaseTtlMs: Number(leaseTtlMs) },
);
relay.start();
setInterval(() => undefined, 1_000);
