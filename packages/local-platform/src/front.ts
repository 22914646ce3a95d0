/** The program of the traffic front: `node front.ts <platform.json>`; see front-server.ts. */
import path from 'node:path';
import type { PlatformConfig } from './config.ts';
import { startFront } from './front-server.ts';
import { runProgram } from './program-kit.ts';

await runProgram<PlatformConfig>('front', async (config, log) => {
  const front = await startFront(
    {
      publicPort: config.ports.front,
      dnsPort: config.ports.dns,
      regions: [...config.regions].sort((one, other) => Number(other.startsAs === 'primary') - Number(one.startsAs === 'primary')),
      stateFile: path.join(config.stateDir, 'front', 'dns.json'),
      dnsToken: config.secrets.dnsToken,
      controlToken: config.secrets.controlToken,
    },
    log,
  );
  return front.stop;
});
