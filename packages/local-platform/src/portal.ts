/** The portal: its environment, its bundle, its process. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { PlatformConfig, RegionConfig } from './config.ts';
import { ownLaunch } from './context.ts';
import { readHistoryMark } from './history.ts';
import { runTask } from './tasks.ts';
import { databaseUrl, PORTAL_ROLE } from './postgres.ts';
import { answersOk } from './probes.ts';
import { writePrivate } from './settings.ts';
import type { ProcessSpec } from './supervisor.ts';

/** The first start builds browser app and backend from nothing. */
const BUILD_TIMEOUT_MS = 900_000;

export function portalUrl(config: PlatformConfig): string {
  return `http://localhost:${config.ports.portal}`;
}

/** Name of a member in variables: pg-a1 -> A1. */
function short(name: string): string {
  return name.replace(/^pg-/, '').toUpperCase();
}

function regionEnvironment(config: PlatformConfig, region: RegionConfig): Record<string, string> {
  const letter = region.id.replace(/^region-/, '').toUpperCase();
  const members = region.members.flatMap(member => [
    [`AIRPAY_PATRONI_${short(member.name)}_URL`, `http://127.0.0.1:${member.restPort}`],
    [`AIRPAY_DB_${short(member.name)}_URL`, databaseUrl('airpay_recovery', config.secrets.recoveryPassword, member.postgresPort, 'ledger')],
  ]);
  return {
    [`AIRPAY_KUBERNETES_${letter}_URL`]: `http://127.0.0.1:${region.kubernetesPort}`,
    [`AIRPAY_LINK_TO_${letter}_PORT`]: String(region.linkPort),
    ...Object.fromEntries(members),
  };
}

/** Every variable that app-config.yaml and app-config.local.yaml name. */
export function portalEnvironment(config: PlatformConfig): Record<string, string> {
  const { ports, secrets } = config;
  const local = (port: number) => `http://127.0.0.1:${port}`;
  const gitHost = `localhost:${ports.gitHost}`;
  return {
    AIRPAY_ROOT: config.root,
    AIRPAY_STATE_DIR: config.stateDir,
    AIRPAY_PORTAL_URL: portalUrl(config),
    AIRPAY_PORTAL_PORT: String(ports.portal),
    PORTAL_DB_HOST: '127.0.0.1',
    PORTAL_DB_PORT: String(ports.hubPostgres),
    PORTAL_DB_USER: PORTAL_ROLE,
    PORTAL_DB_PASSWORD: secrets.portalDatabasePassword,
    AIRPAY_GIT_HOST: gitHost,
    AIRPAY_GIT_URL: `http://${gitHost}`,
    AIRPAY_GIT_USERNAME: secrets.gitUsername,
    AIRPAY_GIT_PASSWORD: secrets.gitPassword,
    AIRPAY_KUBERNETES_TOKEN: secrets.kubernetesToken,
    AIRPAY_GKE_ENDPOINT: `127.0.0.1:${ports.gke}`,
    AIRPAY_PROMETHEUS_URL: local(ports.prometheus),
    AIRPAY_ALERTMANAGER_URL: local(ports.alertmanager),
    AIRPAY_SAMPLE_HISTORY_UNTIL: readHistoryMark(config)?.untilIso ?? new Date(0).toISOString(),
    AIRPAY_FRONT_URL: local(ports.front),
    AIRPAY_LEDGER_API_KEY: secrets.portalLedgerApiKey,
    AIRPAY_PAYER_URL: local(ports.payer),
    AIRPAY_DNS_URL: local(ports.dns),
    AIRPAY_DNS_TOKEN: secrets.dnsToken,
    AIRPAY_PATRONI_PASSWORD: secrets.patroniPassword,
    ...Object.assign({}, ...config.regions.map(region => regionEnvironment(config, region))) as Record<string, string>,
  };
}

/** Writes the environment for a portal that is run by hand. Returns the file. */
export function writePortalEnvironment(config: PlatformConfig): string {
  const file = join(config.stateDir, 'run/portal.env');
  const quote = (value: string) => `'${value.replaceAll("'", `'\\''`)}'`;
  writePrivate(file, Object.entries(portalEnvironment(config)).map(([name, value]) => `${name}=${quote(value)}\n`).join(''));
  return file;
}

/** Builds the production bundle if a source changed since. @throws Error with the end of the build's output */
export async function buildPortal(config: PlatformConfig): Promise<void> {
  await runTask(config, { name: 'portal-build', args: [join(config.root, 'tools/build.ts'), '--check-or-build'], cwd: config.root, env: {}, timeoutMs: BUILD_TIMEOUT_MS });
}

export function portalSpec(config: PlatformConfig): ProcessSpec {
  const { ports, root } = config;
  const bundle = join(root, 'dist-prod');
  const configs = ['app-config.yaml', 'app-config.local.yaml'].flatMap(file => ['--config', join(root, file)]);
  return {
    launch: ownLaunch(config, 'portal', [join(bundle, 'packages/backend'), ...configs], { NODE_ENV: 'production', ...portalEnvironment(config) }, bundle),
    kind: 'portal', region: null, role: 'portal', port: ports.portal,
    prepare: () => {
      if (!existsSync(bundle)) throw new Error('the portal has not been built: dist-prod does not exist');
    },
    healthy: () => answersOk(`http://127.0.0.1:${ports.portal}/.backstage/health/v1/readiness`),
    // It logs every request, so it is asked less often.
    startTimeoutMs: 180_000, startPollMs: 500, stopSignal: 'SIGTERM', stopTimeoutMs: 5_000, restartDelayMs: 2_000,
  };
}
