/**
 * Opens the accounts of the ledger's databases: decided, rendered, chained and written by the ledger's own code, as if each had
 * come through the API; only that one caller hands over thousands at a time, which no API would take. The books are complete:
 * the audit reads them like any others.
 */
import { createHash } from 'node:crypto';
import pg from 'pg';
import { appendStatement } from '../src/adapters/journal.ts';
import { answerFormat } from '../src/domain/answers.ts';
import { Batch, Book } from '../src/domain/book.ts';
import { batchDigest } from '../src/domain/chain.ts';
import { evaluate } from '../src/domain/evaluate.ts';

const perBatch = 5_000;
/** Its value means nothing here: nobody waits for these answers. */
const requestId = '00000000-0000-4000-8000-000000000000';

/** @param url of a role that may write @param ids of accounts that are not there yet */
export async function openAccounts(url: string, tenant: string, ids: readonly string[], minAvailableMinor: bigint): Promise<void> {
  const client = new pg.Client({ connectionString: url, query_timeout: 120_000 });
  client.on('error', () => undefined); // the statement under way fails, which says it
  await client.connect();
  try {
    let written: Promise<unknown> = Promise.resolve();
    for (let from = 0; from < ids.length; from += perBatch) {
      const batch = decide(tenant, ids.slice(from, from + perBatch), minAvailableMinor);
      const by = { region: 'region-a', instance: 'bench', format: answerFormat };
      const seal = { ...by, digest: batchDigest(batch.rows, by), lease: null };
      const statement = appendStatement(batch, seal, new Map());
      // The next batch is made while the server writes this one.
      await written;
      written = client.query(statement);
      // Awaited one round later; until then a failure must not count as unhandled.
      written.catch(() => undefined);
    }
    await written;
  } finally {
    await client.end();
  }
}

function decide(tenant: string, ids: readonly string[], minAvailableMinor: bigint): Batch {
  const batch = new Batch();
  const book = new Book();
  for (const id of ids) {
    const command = { kind: 'account', id, owner: 'bench', currency: 'USD', type: 'liability', minAvailableMinor, maxAvailableMinor: null, metadata: {} } as const;
    const refusal = evaluate(book, batch, command, { tenant, actor: 'bench', key: `open/${id}`, requestHash: createHash('sha256').update(id).digest('hex'), requestId });
    if (refusal) throw new Error(`account ${id} was refused: ${refusal}`);
  }
  return batch;
}
