/** The program of the payer: `node payer.ts <platform.json>`; see payer-server.ts. */
import path from 'node:path';
import type { PlatformConfig } from './config.ts';
import { startPayer } from './payer-server.ts';
import { runProgram } from './program-kit.ts';

await runProgram<PlatformConfig>('payer', async (config, log) => {
  const payer = await startPayer(
    {
      port: config.ports.payer,
      frontPort: config.ports.front,
      apiKey: config.secrets.ledgerApiKey,
      hostName: 'ledger.pay.airpay.example',
      logFile: path.join(config.stateDir, 'payer', 'acknowledged.jsonl'),
      paymentsPerSecond: config.sizes.paymentsPerSecond,
      syntheticEveryMs: 5_000,
    },
    log,
  );
  return payer.stop;
});
