/**
 * The baseline of one transaction per request: one call of one stored function does what a payment needs at the least: key
 * looked up and unique, request hash, accounts locked in id order, floor, transfer, both legs with versions and running balances.
 */
import { createHash } from 'node:crypto';
import pg from 'pg';

export const schema = `
  CREATE TABLE accounts (id text COLLATE "C" PRIMARY KEY, currency text NOT NULL, posted bigint NOT NULL DEFAULT 0, version bigint NOT NULL DEFAULT 0, min_available bigint) WITH (fillfactor = 60);
  CREATE TABLE transfers (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, key text COLLATE "C" NOT NULL UNIQUE, request_hash bytea NOT NULL, debit text COLLATE "C" NOT NULL, credit text COLLATE "C" NOT NULL,
    amount bigint NOT NULL CHECK (amount > 0), created_at timestamptz NOT NULL);
  CREATE TABLE entries (account text COLLATE "C", version bigint, transfer bigint NOT NULL, amount bigint NOT NULL, balance bigint NOT NULL, PRIMARY KEY (account, version));

  CREATE FUNCTION pay(_key text, _hash bytea, _debit text, _credit text, _amount bigint, _currency text) RETURNS TABLE (status int, transfer_id bigint, at timestamptz) LANGUAGE plpgsql AS $$
  DECLARE
    found_hash bytea;
    one accounts%ROWTYPE;
    debit accounts%ROWTYPE;
    credit accounts%ROWTYPE;
  BEGIN
    SELECT t.id, t.request_hash, t.created_at INTO transfer_id, found_hash, at FROM transfers t WHERE t.key = _key;
    IF FOUND THEN
      status := CASE WHEN found_hash = _hash THEN 200 ELSE 422 END;
      RETURN NEXT;
      RETURN;
    END IF;
    FOR one IN SELECT * FROM accounts a WHERE a.id IN (_debit, _credit) ORDER BY a.id FOR NO KEY UPDATE LOOP
      IF one.id = _debit THEN debit := one; ELSE credit := one; END IF;
    END LOOP;
    IF debit.id IS NULL OR credit.id IS NULL OR debit.currency <> _currency OR credit.currency <> _currency OR debit.posted - _amount < debit.min_available THEN
      status := 409;
      RETURN NEXT;
      RETURN;
    END IF;
    at := clock_timestamp();
    INSERT INTO transfers (key, request_hash, debit, credit, amount, created_at) VALUES (_key, _hash, _debit, _credit, _amount, at) RETURNING id INTO transfer_id;
    INSERT INTO entries VALUES (_debit, debit.version + 1, transfer_id, -_amount, debit.posted - _amount), (_credit, credit.version + 1, transfer_id, _amount, credit.posted + _amount);
    UPDATE accounts a SET posted = a.posted - _amount, version = a.version + 1 WHERE a.id = _debit;
    UPDATE accounts a SET posted = a.posted + _amount, version = a.version + 1 WHERE a.id = _credit;
    status := 201;
    RETURN NEXT;
  END $$;
`;

export interface Payment {
  key: string;
  debitAccountId: string;
  creditAccountId: string;
  amountMinor: bigint;
  currency: string;
}

/** Prepared once per connection. */
export function payStatement(payment: Payment): { name: string; text: string; values: unknown[] } {
  const hash = createHash('sha256').update(`${payment.debitAccountId}\n${payment.creditAccountId}\n${payment.amountMinor}\n${payment.currency}`).digest();
  return { name: 'pay', text: 'SELECT * FROM pay($1, $2, $3, $4, $5, $6)', values: [payment.key, hash, payment.debitAccountId, payment.creditAccountId, payment.amountMinor.toString(), payment.currency] };
}

/** As a service would call it: each request takes a free connection, or waits for one. */
export async function open(options: { url: string; connections: number }) {
  const clients = Array.from({ length: options.connections }, () => new pg.Client({ connectionString: options.url, query_timeout: 60_000 }));
  await Promise.all(clients.map(client => client.connect()));
  const free = [...clients];
  const waiting: ((client: pg.Client) => void)[] = [];
  return {
    async pay(payment: Payment): Promise<{ replayed: boolean }> {
      const client = free.pop() ?? (await new Promise<pg.Client>(settle => waiting.push(settle)));
      try {
        const { rows } = await client.query(payStatement(payment));
        const status = rows[0]?.status;
        if (status !== 201 && status !== 200) throw new Error(`pay() answered ${status}`);
        return { replayed: status === 200 };
      } finally {
        const next = waiting.shift();
        if (next) next(client);
        else free.push(client);
      }
    },
    async close(): Promise<void> {
      await Promise.all(clients.map(client => client.end()));
    },
  };
}
