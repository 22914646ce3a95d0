/** The program of the git host: `node git-host.ts <platform.json>`; see git-host-server.ts. */
import path from 'node:path';
import type { PlatformConfig } from './config.ts';
import { startGitHost } from './git-host-server.ts';
import { runProgram } from './program-kit.ts';

await runProgram<PlatformConfig>('git-host', async (config, log) => {
  const host = await startGitHost(
    {
      port: config.ports.gitHost,
      folder: path.join(config.stateDir, 'git-host', 'repositories'),
      username: config.secrets.gitUsername,
      password: config.secrets.gitPassword,
      owners: ['airpay'],
    },
    log,
  );
  return host.stop;
});
