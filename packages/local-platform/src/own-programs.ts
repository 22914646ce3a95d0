/** The platform's own small programs: link, traffic front, payer, git host, cluster API; and the ledger's processes. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ledgerName, type PlatformConfig, type RegionConfig } from './config.ts';
import { ownLaunch } from './context.ts';
import { databaseUrl } from './postgres.ts';
import { answersOk, tcpAnswers } from './probes.ts';
import type { ProcessSpec } from './supervisor.ts';

export type OwnProgram = 'link' | 'front' | 'payer' | 'git-host' | 'cluster-api' | 'backup';

/** The port on which a program answers GET /livez, and what it is for people. */
function facts(config: PlatformConfig, name: OwnProgram): { port: number; livePort: number; role: string } {
  const { ports } = config;
  switch (name) {
    case 'link': return { port: config.regions[0]!.linkPort, livePort: ports.linkControl, role: 'between regions' };
    case 'front': return { port: ports.front, livePort: ports.dns, role: 'traffic' };
    case 'payer': return { port: ports.payer, livePort: ports.payer, role: 'load' };
    case 'backup': return { port: ports.backup, livePort: ports.backup, role: 'log archive' };
    case 'git-host': return { port: ports.gitHost, livePort: ports.gitHost, role: 'git' };
    case 'cluster-api': return { port: ports.gke, livePort: config.regions[0]!.kubernetesPort, role: 'GKE, Kubernetes' };
  }
}

export function ownProgramFile(config: PlatformConfig, name: OwnProgram): string {
  return join(config.root, 'packages/local-platform/src', `${name}.ts`);
}

export function ownProgramExists(config: PlatformConfig, name: OwnProgram): boolean {
  return existsSync(ownProgramFile(config, name));
}

export function ownProgramSpec(config: PlatformConfig, name: OwnProgram): ProcessSpec {
  const { port, livePort, role } = facts(config, name);
  return {
    launch: ownLaunch(config, name, ['--disable-warning=ExperimentalWarning', ownProgramFile(config, name), config.file]),
    kind: name, region: null, role, port,
    healthy: async () => (await answersOk(`http://127.0.0.1:${livePort}/livez`)) && tcpAnswers(port),
    startTimeoutMs: 60_000, stopSignal: 'SIGTERM', stopTimeoutMs: 3_000, restartDelayMs: 1_000,
  };
}

/** Folder of the ledger's program; missing while it is not part of the checkout. */
export function ledgerProgram(config: PlatformConfig, name: 'main' | 'migrate'): string {
  return join(config.root, 'ledger/src', `${name}.ts`);
}

/** Who calls the ledger here, each with what it needs and no more; both in the tenant that owns the sample accounts. */
function ledgerClients({ secrets }: PlatformConfig): { client: string; tenant: string; secret: string; scopes: string[] }[] {
  const payments = ['accounts:read', 'accounts:write', 'transfers:read', 'transfers:write'];
  return [
    { client: 'payer', tenant: 'default', secret: secrets.ledgerApiKey, scopes: [...payments, 'holds:write', 'settlements:write'] },
    // A verification payment, and the look-up of what was acknowledged.
    { client: 'portal', tenant: 'default', secret: secrets.portalLedgerApiKey, scopes: payments },
  ];
}

/** One ledger process on the region's slot `index`. A dead one comes back after two seconds, as from a ReplicaSet. */
export function ledgerSpec(config: PlatformConfig, region: RegionConfig, index: number): ProcessSpec {
  const { secrets } = config;
  const port = region.ledgerPorts[index];
  if (port === undefined) throw new Error(`${region.id} has no ledger slot ${index}`);
  const name = ledgerName(region, index);
  const env = {
    NODE_ENV: 'production',
    LEDGER_ENVIRONMENT: 'local',
    LEDGER_HOST: '127.0.0.1',
    LEDGER_PORT: String(port),
    LEDGER_REGION: region.id,
    LEDGER_INSTANCE: name,
    LEDGER_DATABASE_URL: databaseUrl('ledger_app', secrets.ledgerAppPassword, region.haproxy.readWritePort, 'ledger'),
    // Everything is on this machine.
    LEDGER_DATABASE_TLS: 'disable',
    LEDGER_REDIS_URL: `redis://127.0.0.1:${region.redis.port}`,
    LEDGER_API_KEYS: JSON.stringify(ledgerClients(config)),
    // As many as the Deployment asks for: the limits are shared out among them as long as Redis does not tell.
    LEDGER_REPLICAS: String(region.ledgerReplicas),
    // Whoever measures this machine is to meet its own limits first.
    LEDGER_RATE_LIMIT_PER_S: '20000',
    LEDGER_WEBHOOK_KEY: secrets.ledgerWebhookKey,
    // Consumers on a developer's machine have no certificate.
    LEDGER_WEBHOOK_ALLOW_HTTP: 'true',
    // The front looks twice a second and waits a second for an answer: by then it has looked away.
    LEDGER_DRAIN_DELAY_MS: '2000',
    // Every payment is a line already at the front; the ledger tells of what is unusual.
    LEDGER_LOG_LEVEL: 'warn',
  };
  return {
    launch: ownLaunch(config, name, ['--disable-warning=ExperimentalWarning', ledgerProgram(config, 'main')], env, join(config.root, 'ledger')),
    kind: 'ledger', region: region.id, role: 'ledger', port,
    healthy: () => answersOk(`http://127.0.0.1:${port}/readyz`),
    startTimeoutMs: 60_000, stopSignal: 'SIGTERM', stopTimeoutMs: 11_000, restartDelayMs: 2_000, restartDelayFixed: true,
  };
}
