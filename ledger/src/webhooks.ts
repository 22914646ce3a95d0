/** Builds the webhooks of a ledger from its settings. */
import { randomUUID } from 'node:crypto';
import type { Registry } from 'prom-client';
import { WebhookHttp } from './adapters/webhook-http.ts';
import { WebhookMetrics } from './adapters/webhook-metrics.ts';
import { WebhookStore, type WebhookDatabase } from './adapters/webhooks.ts';
import { Sealer } from './domain/sealed.ts';
import { Relay, relayDefaults, type RelayParts } from './usecases/relay.ts';
import { Webhooks } from './usecases/webhooks.ts';

/** Of one tenant. */
const endpointsMax = 20;
const attemptTimeoutMs = 5_000;
/** Longer than an attempt, so that a deployment interrupts none. */
const stopGraceMs = 6_000;

export interface WebhookSettings {
  instance: string;
  /** 32 bytes that secrets are sealed with; null: no endpoints, and the journal is read by those who ask. */
  webhookKey: Uint8Array | null;
  webhookAllowHttp: boolean;
}

export interface WebhookService {
  webhooks: Webhooks;
  /** Begins to send, if there is a key to sign with. */
  start(): void;
  /** After a commit: there is something new in the journal. */
  wake(): void;
  /** Lets what is under way end. Before the database is closed. */
  stop(): Promise<void>;
}

export function buildWebhooks(settings: WebhookSettings, database: WebhookDatabase, registry: Registry, log: RelayParts['log']): WebhookService {
  const store = new WebhookStore(database);
  const http = new WebhookHttp({ allowLocal: settings.webhookAllowHttp, timeoutMs: attemptTimeoutMs, socketsPerHost: relayDefaults.limits.inFlight });
  const sealer = settings.webhookKey ? new Sealer([settings.webhookKey]) : undefined;
  const webhooks = new Webhooks(store, http, sealer, { allowLocal: settings.webhookAllowHttp, endpointsMax });
  if (!sealer) return { webhooks, start: () => undefined, wake: () => undefined, stop: async () => http.close() };

  const metrics = new WebhookMetrics(registry, () => store.readings());
  const relay = new Relay({ store, http, sealer, metrics, log }, { ...relayDefaults, holder: `${settings.instance} ${randomUUID()}` });
  return {
    webhooks,
    start: () => relay.start(),
    wake: () => relay.wake(),
    async stop() {
      await relay.stop(stopGraceMs);
      http.close();
    },
  };
}
