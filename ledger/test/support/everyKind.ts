/** A journal in which every kind of row occurs, over two tenants and four currencies, written by the ledger's own writer. */
import { createHash, randomUUID } from 'node:crypto';
import { Database } from '../../src/adapters/db.ts';
import { canonicalJson } from '../../src/domain/answers.ts';
import type { Outcome } from '../../src/domain/batching.ts';
import type { Command, RowRef } from '../../src/domain/model.ts';
import { Writer } from '../../src/usecases/writer.ts';
import type { TestDatabase } from './ledger.ts';

export const nothingSaid = { description: null, metadata: {} };

export interface OpenWriter {
  writer: Writer;
  database: Database;
  /** Under a key of its own, unless `key` says which. */
  send(command: Command, over?: { tenant?: string; key?: string }): Promise<Outcome>;
  close(): Promise<void>;
}

export function openWriter(database: TestDatabase): OpenWriter {
  const connection = new Database({
    url: database.url('ledger_app'), ssl: false, applicationName: 'tests', poolMax: 4, acquireTimeoutMs: 20_000, queueMax: 1_000, statementTimeoutMs: 30_000, lockTimeoutMs: 20_000, onConnectionError: () => undefined,
  });
  const writer = new Writer(connection, {
    region: 'region-a', instance: 'ledger-test-1', batchMax: 500, lanes: 2, queueMax: 10_000, waitMaxMs: 30_000, accountCacheMax: 10_000, observer: { batch: () => undefined, retried: () => undefined },
  });
  return {
    writer,
    database: connection,
    send: (command, { tenant = 'default', key = randomUUID() } = {}) =>
      writer.submit(command, { tenant, actor: 'tester', key, requestHash: createHash('sha256').update(canonicalJson(command)).digest('hex'), requestId: randomUUID() }),
    close: () => connection.close(),
  };
}

export function account(id: string, over: Partial<Extract<Command, { kind: 'account' }>> = {}): Command {
  return { kind: 'account', id, owner: 'test', currency: 'USD', type: 'liability', minAvailableMinor: 0n, maxAvailableMinor: null, metadata: {}, ...over };
}

export function transfer(debitAccountId: string, creditAccountId: string, amountMinor: bigint, currency = 'USD', over: object = {}): Command {
  return { kind: 'transfer', postings: [{ debitAccountId, creditAccountId, amountMinor, currency, effectiveAtUs: null, ...nothingSaid, ...over }] };
}

const hold = (amountMinor: bigint, expiresInMs = 3_600_000): Command => ({ kind: 'hold', debitAccountId: 'payer', creditAccountId: 'shop', amountMinor, currency: 'USD', expiresAtUs: BigInt(Date.now() + expiresInMs) * 1000n, ...nothingSaid });
const capture = (of: RowRef, amountMinor: bigint | null, over: object = {}): Command => ({ kind: 'capture', hold: of, amountMinor, final: false, fee: null, ...nothingSaid, ...over });

/** Sends one after another, so that every command is a batch of its own, but for the last hundred, which share a few. */
export async function writeEveryKind({ send }: OpenWriter): Promise<{ holds: RowRef[] }> {
  const well = async (command: Command, tenant = 'default'): Promise<RowRef> => {
    const outcome = await send(command, { tenant });
    if (outcome.refused) throw new Error(`${command.kind}: ${outcome.body}`);
    return { position: outcome.rows[0]!.position, atUs: outcome.rows[0]!.createdAtUs };
  };
  const system = { owner: 'system', minAvailableMinor: null };
  for (const currency of ['usd', 'eur']) {
    for (const [name, type] of [['cash-clearing', 'asset'], ['fx', 'asset'], ['fees', 'income']] as const) await well(account(`${name}:${currency}`, { ...system, type, currency: currency.toUpperCase() }));
  }
  await well(account('payer', { maxAvailableMinor: 1_000_000n, metadata: { segment: 'ü "quoted" \\', a: '' } }));
  await well(account('shop', { owner: 'Ünï "c" \\ \u2028 shop' }));
  await well(account('euro', { currency: 'EUR' }));
  await well(account('due', { minAvailableMinor: null, metadata: { clearingDays: '2' } }));
  await send(account('shop', { owner: 'Ünï "c" \\ \u2028 shop' })); // exists on the same terms
  await well(account('cash-clearing:usd', { ...system, type: 'asset' }), 'other');
  await well(account('payer'), 'other');

  const paid = await well(transfer('cash-clearing:usd', 'payer', 100_000n, 'USD', { description: 'a "deposit"', metadata: { b: '2', a: '1' }, effectiveAtUs: 1_700_000_000_123_456n }));
  await well(transfer('cash-clearing:usd', 'payer', 9_007_199_254_740_993n), 'other');
  await well(transfer('cash-clearing:usd', 'due', 5n));
  await send(transfer('payer', 'shop', 100_001n)); // declined: not enough
  await well({ kind: 'transfer', postings: [100n, 200n, 300n].map(amountMinor => ({ debitAccountId: 'payer', creditAccountId: 'shop', amountMinor, currency: 'USD', effectiveAtUs: null, description: 'linked', metadata: {} })) });
  await well({ kind: 'conversion', debitAccountId: 'payer', creditAccountId: 'euro', sellAmountMinor: 1_000n, sellCurrency: 'USD', buyAmountMinor: 920n, buyCurrency: 'EUR', rate: '0.92', effectiveAtUs: null, description: null, metadata: { quote: 'q1' } });

  const whole = await well(hold(500n));
  await well(capture(whole, 200n));
  await well(capture(whole, 100n, { final: true, fee: { amountMinor: 10n, accountId: null } }));
  await well({ kind: 'refund', of: whole, amountMinor: 50n, ...nothingSaid });
  await well({ kind: 'refund', of: whole, amountMinor: null, ...nothingSaid });
  const voided = await well(hold(70n));
  await well({ kind: 'void', hold: voided });
  const expired = await well(hold(80n, -1));
  await well({ kind: 'expiry', hold: expired });
  const open = await well(hold(90n));
  await well(capture(open, 30n));
  const second = await well(transfer('payer', 'shop', 1_000n));
  await well({ kind: 'refund', of: second, amountMinor: 400n, ...nothingSaid });
  await well({ kind: 'refund', of: second, amountMinor: 100n, ...nothingSaid });
  await well({ kind: 'reversal', of: await well(transfer('payer', 'shop', 11n)), description: 'wrong', metadata: {} });
  await send({ kind: 'refund', of: paid, amountMinor: 100_001n, ...nothingSaid }); // declined: more than was paid
  await well({ kind: 'settlement', accountId: 'shop', payoutAccountId: 'cash-clearing:usd', ...nothingSaid });
  await Promise.all(Array.from({ length: 100 }, (_, index) => well(transfer('payer', 'shop', BigInt(index + 1)))));
  return { holds: [whole, voided, expired, open] };
}
