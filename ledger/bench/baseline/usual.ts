/**
 * The baseline: a payments handler as most teams write it, with express and knex. It is correct (one transaction, rows
 * locked in one order, unique key, answer replayed) and not slowed down on purpose; nothing of the ledger is in it.
 * Usage: PORT, DATABASE_URL, API_KEY and POOL_MAX in the environment.
 */
import { randomUUID } from 'node:crypto';
import express, { type NextFunction, type Request, type Response } from 'express';
import knexFactory from 'knex';

export const schema = `
  CREATE TABLE accounts (id text PRIMARY KEY, owner text NOT NULL, currency text NOT NULL, balance bigint NOT NULL DEFAULT 0, min_balance bigint, created_at timestamptz NOT NULL DEFAULT now());
  CREATE TABLE transfers (id uuid PRIMARY KEY, idempotency_key text NOT NULL UNIQUE, debit_account_id text NOT NULL REFERENCES accounts, credit_account_id text NOT NULL REFERENCES accounts,
    amount bigint NOT NULL CHECK (amount > 0), currency text NOT NULL, created_at timestamptz NOT NULL DEFAULT now());
  CREATE TABLE entries (id bigserial PRIMARY KEY, transfer_id uuid NOT NULL REFERENCES transfers, account_id text NOT NULL REFERENCES accounts, amount bigint NOT NULL, balance_after bigint NOT NULL);
  CREATE INDEX entries_account ON entries (account_id, id);
`;

interface Account {
  id: string;
  currency: string;
  balance: string;
  min_balance: string | null;
}

interface Transfer {
  id: string;
  idempotency_key: string;
  debit_account_id: string;
  credit_account_id: string;
  amount: string;
  currency: string;
  created_at: Date;
}

function render(transfer: Transfer) {
  return { id: transfer.id, debitAccountId: transfer.debit_account_id, creditAccountId: transfer.credit_account_id, amountMinor: String(transfer.amount), currency: transfer.currency, createdAt: transfer.created_at.toISOString() };
}

function serve(): void {
  const knex = knexFactory({ client: 'pg', connection: process.env['DATABASE_URL'], pool: { min: 2, max: Number(process.env['POOL_MAX']) } });
  const app = express();
  app.use(express.json());
  app.get('/health', (_request, response) => void response.json({ ok: true }));
  app.use((request, response, next) => {
    if (request.get('authorization') === `Bearer ${process.env['API_KEY']}`) next();
    else response.status(401).json({ error: 'unauthorized' });
  });

  app.post('/transfers', async (request, response) => {
    const key = request.get('idempotency-key') ?? '';
    const { debitAccountId, creditAccountId, amountMinor, currency } = request.body ?? {};
    const texts = [key, debitAccountId, creditAccountId, currency].every(value => typeof value === 'string' && value !== '');
    if (!texts || !/^[1-9]\d{0,17}$/.test(amountMinor) || debitAccountId === creditAccountId) return void response.status(400).json({ error: 'invalid request' });
    const amount = BigInt(amountMinor);

    const result = await knex.transaction(async trx => {
      const existing = await trx<Transfer>('transfers').where({ idempotency_key: key }).first();
      if (existing) return { status: 201, body: render(existing) };

      const accounts = await trx<Account>('accounts').whereIn('id', [debitAccountId, creditAccountId]).orderBy('id').forUpdate();
      const debit = accounts.find(account => account.id === debitAccountId);
      const credit = accounts.find(account => account.id === creditAccountId);
      if (!debit || !credit) return { status: 404, body: { error: 'unknown account' } };
      if (debit.currency !== currency || credit.currency !== currency) return { status: 422, body: { error: 'currency mismatch' } };
      const debitBalance = BigInt(debit.balance) - amount;
      const creditBalance = BigInt(credit.balance) + amount;
      if (debit.min_balance !== null && debitBalance < BigInt(debit.min_balance)) return { status: 422, body: { error: 'insufficient funds' } };

      const [transfer] = await trx('transfers')
        .insert({ id: randomUUID(), idempotency_key: key, debit_account_id: debitAccountId, credit_account_id: creditAccountId, amount: amountMinor, currency })
        .returning<Transfer[]>('*');
      await trx('accounts').where({ id: debitAccountId }).update({ balance: debitBalance.toString() });
      await trx('accounts').where({ id: creditAccountId }).update({ balance: creditBalance.toString() });
      await trx('entries').insert([
        { transfer_id: transfer!.id, account_id: debitAccountId, amount: (-amount).toString(), balance_after: debitBalance.toString() },
        { transfer_id: transfer!.id, account_id: creditAccountId, amount: amount.toString(), balance_after: creditBalance.toString() },
      ]);
      return { status: 201, body: render(transfer!) };
    });
    response.status(result.status).json(result.body);
  });

  app.use((error: Error, _request: Request, response: Response, _next: NextFunction) => {
    const duplicate = (error as { code?: string }).code === '23505';
    response.status(duplicate ? 409 : 500).json({ error: duplicate ? 'a request with this key is being processed' : error.message });
  });
  app.listen(Number(process.env['PORT']), '127.0.0.1');
}

if (process.argv[1] === import.meta.filename) serve();
