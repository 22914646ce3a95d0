import { readConfig } from './config.ts';
import { HttpLedger } from './ledger.ts';
import { createMetrics } from './metrics.ts';
import { createServer } from './server.ts';

const config = readConfig(process.env);
const server = createServer({
  ledger: new HttpLedger({ url: config.ledgerUrl, apiKey: config.ledgerApiKey, timeoutMs: config.ledgerTimeoutMs }),
  metrics: createMetrics(config.region),
  logLevel: config.logLevel,
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  // Kubernetes has taken the pod out of the service by now (preStop); what is in flight is answered first.
  process.once(signal, () => {
    server.close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  });
}

await server.listen({ host: config.host, port: config.port });
