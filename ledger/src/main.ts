/** The process: `node src/main.ts`, settings from the environment (docs/ledger.md lists them). */
import { setTimeout as sleep } from 'node:timers/promises';
import { SecretFiles } from './adapters/secretFiles.ts';
import { ConfigError, readConfig, type Config } from './domain/config.ts';
import { buildService, type Service } from './service.ts';

/** Kubernetes itself takes up to a minute to bring a changed secret to a pod. */
const secretsIntervalMs = 5_000;

async function main(): Promise<void> {
  const secrets = new SecretFiles(process.env);
  const config = readConfig(secrets.read());
  const service = buildService(config);
  let stopping = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stopping) return;
      stopping = true;
      secrets.stop();
      void stop(service, config, signal);
    });
  }
  secrets.watch(
    secretsIntervalMs,
    env => service.useSecrets(readConfig(env)),
    error => service.app.log.error({ reason: error.message }, 'new secrets are not used, the ones before are'),
  );
  await service.app.listen({ host: config.host, port: config.port });
  // Not waited for: a ledger may start before its database, and is not ready until then.
  const readiness = await service.health.readiness();
  service.app.log.info({ readiness: readiness.reason }, 'started');
}

/** Not ready → balancers look away → running requests end → connections close. Or the deadline. */
async function stop(service: Service, config: Config, signal: string): Promise<void> {
  service.health.drain();
  service.app.log.info({ signal }, 'stopping');
  const deadline = setTimeout(() => {
    service.app.log.error('requests were still running at the shutdown deadline');
    process.exit(1);
  }, config.shutdownTimeoutMs);
  deadline.unref();
  await sleep(config.drainDelayMs);
  await service.close();
  service.app.log.info('stopped');
  process.exit(0);
}

main().catch(error => {
  console.error(error instanceof ConfigError ? error.message : error);
  process.exit(1);
});
