/** The program of the backups: `node backup.ts <platform.json>`; see backup-timers.ts. */
import { BackupTimers } from './backup-timers.ts';
import type { PlatformConfig } from './config.ts';
import { listen, router, sendText } from './http-kit.ts';
import { runProgram } from './program-kit.ts';

await runProgram<PlatformConfig>('backup', async (config, log) => {
  const timers = new BackupTimers(config, log);
  const server = await listen('backup', config.ports.backup, router([
    { method: 'GET', pattern: '/livez', handle: ({ response }) => sendText(response, 200, 'text/plain', 'ok\n') },
    { method: 'GET', pattern: '/metrics', handle: ({ response }) => sendText(response, 200, 'text/plain; version=0.0.4', timers.metrics()) },
  ]));
  timers.start();
  return async () => {
    timers.stop();
    await server.close();
  };
});
