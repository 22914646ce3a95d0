/**
 * `node src/export.ts > file`: the whole journal, its chain, the accounts and payments of LEDGER_AUDIT_DATABASE_URL (or
 * LEDGER_DATABASE_URL) as JSON lines, from one snapshot, for `node src/verify.ts file`. Ends with 2 when it could not read all.
 */
import { once } from 'node:events';
import { exportLines } from './adapters/journalExport.ts';
import { withSnapshot } from './snapshot.ts';

const bufferedMax = 1 << 16;

async function main(): Promise<void> {
  let buffered = '';
  const write = async () => {
    const room = process.stdout.write(buffered);
    buffered = '';
    if (!room) await once(process.stdout, 'drain');
  };
  await withSnapshot('export', async client => {
    for await (const line of exportLines(client)) {
      buffered += `${JSON.stringify(line)}\n`;
      if (buffered.length >= bufferedMax) await write();
    }
  });
  if (buffered) await write();
}

// Who reads has stopped: there is nobody to write for.
process.stdout.on('error', () => process.exit(2));
main().catch((error: Error) => {
  console.error(`ledger export: ${error.message}`);
  process.exitCode = 2;
});
