-- The ledger's tables and the only ways into them. What must hold for the money stands here, so that it holds against
-- every writer: another version of the service, a person with psql, a bug. docs/ledger.md names the test of each rule.
--
-- One journal, append-only: every command that was decided is one row or several (`leg` 0 .. `legs` - 1), in commit order,
-- without a gap. A posting row names one account to debit and one to credit, so it cannot fail to balance; a leg's
-- currency is its account's, there is no second column that could say otherwise.
-- Sign convention: a balance is kept on the account's normal side. Debits raise assets and expenses; credits raise
-- liabilities, equity and income. Texts that are keys compare byte by byte (COLLATE "C"): an index must not depend on a
-- server's locale library.

CREATE SCHEMA IF NOT EXISTS ledger;
REVOKE ALL ON SCHEMA ledger FROM PUBLIC;

CREATE TABLE ledger.currencies (
  code     text COLLATE "C" PRIMARY KEY CHECK (code ~ '^[A-Z]{3}$'),
  exponent smallint NOT NULL CHECK (exponent BETWEEN 0 AND 4) -- ISO 4217: minor units are 10^-exponent
);
INSERT INTO ledger.currencies VALUES ('EUR', 2), ('GBP', 2), ('JPY', 0), ('KWD', 3), ('MXN', 2), ('USD', 2);

-- Domains, not CHECKs of the table: what never changes is checked when it enters and not at each move of a balance.
CREATE DOMAIN ledger.tenant AS text COLLATE "C" CHECK (VALUE ~ '^[a-z][a-z0-9-]{0,31}$');
CREATE DOMAIN ledger.account_id AS text COLLATE "C" CHECK (VALUE ~ '^[a-z0-9][a-z0-9:_-]{0,62}$');
CREATE DOMAIN ledger.owner AS text CHECK (length(VALUE) BETWEEN 1 AND 128);
CREATE DOMAIN ledger.metadata AS jsonb CHECK (jsonb_typeof(VALUE) = 'object');
CREATE TYPE ledger.account_type AS ENUM ('asset', 'liability', 'equity', 'income', 'expense');

CREATE TABLE ledger.accounts (
  number              bigint PRIMARY KEY, -- position of its opening in the journal; what postings refer to: 8 bytes, sealed by the chain
  tenant              ledger.tenant NOT NULL,
  id                  ledger.account_id NOT NULL,
  owner               ledger.owner NOT NULL,
  currency            text COLLATE "C" NOT NULL REFERENCES ledger.currencies (code),
  type                ledger.account_type NOT NULL,
  debit_normal        boolean NOT NULL, -- of the type; written with it, since a generated column is computed at each move of a balance
  min_available_minor bigint, -- NULL: no floor
  max_available_minor bigint, -- NULL: no ceiling
  metadata            ledger.metadata,
  posted_minor        bigint NOT NULL DEFAULT 0,
  pending_out_minor   bigint NOT NULL DEFAULT 0, -- open holds that lower what is available
  pending_in_minor    bigint NOT NULL DEFAULT 0, -- open holds that would raise it once captured
  version             bigint NOT NULL DEFAULT 0, -- number of legs in the journal so far
  created_at          timestamptz NOT NULL,
  UNIQUE (id, tenant), -- the column that tells more first: half the comparisons
  CONSTRAINT accounts_pending CHECK (pending_out_minor >= 0 AND pending_in_minor >= 0),
  CONSTRAINT accounts_floor CHECK (min_available_minor IS NULL OR posted_minor - pending_out_minor >= min_available_minor),
  CONSTRAINT accounts_ceiling CHECK (max_available_minor IS NULL OR posted_minor + pending_in_minor <= max_available_minor)
) WITH (fillfactor = 60); -- room on the page, so that a balance update stays on it and touches no index (HOT)

CREATE TYPE ledger.kind AS ENUM
  ('account', 'decline', 'transfer', 'conversion', 'fee', 'settlement', 'hold', 'capture', 'void', 'expiry', 'refund', 'reversal');

CREATE TABLE ledger.journal (
  position             bigint PRIMARY KEY, -- 1, 2, 3 … in commit order
  debit                bigint, -- account numbers; NULL where nothing is posted or held (account, decline)
  credit               bigint,
  amount_minor         bigint,
  debit_version        bigint, -- 1 .. n per account over both sides, without a gap
  credit_version       bigint,
  debit_balance_minor  bigint, -- posted balance after this row
  credit_balance_minor bigint,
  payment              bigint, -- position of the hold or transfer that this row captures, releases or gives back
  created_at           timestamptz NOT NULL,
  effective_at         timestamptz, -- NULL: created_at
  expires_at           timestamptz, -- of a hold
  request_id           uuid NOT NULL,
  kind                 ledger.kind NOT NULL,
  leg                  smallint NOT NULL,
  legs                 smallint NOT NULL,
  status               smallint, -- with `answer`
  tenant               text COLLATE "C" NOT NULL,
  actor                text COLLATE "C" NOT NULL,
  key                  text COLLATE "C", -- idempotency key of the command, on its leg 0
  request_hash         bytea,
  description          text,
  metadata             ledger.metadata,
  answer               text, -- byte for byte, where it cannot be rendered from the row: account, decline
  -- One, and short: PostgreSQL reads it anew for every statement. append() checks the rest, the audit all of it.
  CONSTRAINT journal_posting CHECK ((leg = 0) = (key IS NOT NULL) AND CASE WHEN debit IS NULL THEN answer IS NOT NULL AND credit IS NULL ELSE debit <> credit AND amount_minor > 0 END)
);
-- One key, one effect: this index is what makes a second one impossible.
CREATE UNIQUE INDEX journal_key ON ledger.journal (key, tenant) WHERE key IS NOT NULL;
CREATE UNIQUE INDEX journal_debit ON ledger.journal (debit, debit_version) WHERE debit IS NOT NULL;
CREATE UNIQUE INDEX journal_credit ON ledger.journal (credit, credit_version) WHERE credit IS NOT NULL;
CREATE INDEX journal_payment ON ledger.journal (payment) WHERE payment IS NOT NULL;

-- What can still change: a hold from its authorisation on, a transfer from its first refund on.
CREATE TABLE ledger.payments (
  position         bigint PRIMARY KEY, -- of the hold or transfer in the journal
  tenant           text COLLATE "C" NOT NULL,
  debit            bigint NOT NULL,
  credit           bigint NOT NULL,
  authorised_minor bigint NOT NULL CHECK (authorised_minor > 0),
  captured_minor   bigint NOT NULL DEFAULT 0 CHECK (captured_minor >= 0),
  released_minor   bigint NOT NULL DEFAULT 0 CHECK (released_minor >= 0),
  refunded_minor   bigint NOT NULL DEFAULT 0 CHECK (refunded_minor >= 0),
  expires_at       timestamptz,
  version          bigint NOT NULL DEFAULT 0,
  CONSTRAINT payments_captured CHECK (captured_minor + released_minor <= authorised_minor),
  CONSTRAINT payments_refunded CHECK (refunded_minor <= captured_minor)
) WITH (fillfactor = 80);
CREATE INDEX payments_due ON ledger.payments (expires_at) WHERE captured_minor + released_minor < authorised_minor;
CREATE INDEX payments_debit ON ledger.payments (debit, position);
CREATE INDEX payments_open ON ledger.payments (debit, position) WHERE captured_minor + released_minor < authorised_minor; -- few among the many that are done

-- One link per batch: what was written, sealed with everything before it.
CREATE TABLE ledger.chain (
  n              bigint NOT NULL,
  first_position bigint PRIMARY KEY,
  count          int NOT NULL,
  at             timestamptz NOT NULL, -- created_at of its rows; strictly increasing whatever a server's clock does
  format         smallint NOT NULL, -- how its answers are rendered and its rows are hashed
  region         text NOT NULL,
  instance       text NOT NULL,
  digest         bytea NOT NULL, -- SHA-256 over the rows, ledger/src/domain/chain.ts
  totals         jsonb NOT NULL, -- posted since the beginning, per currency, in minor units
  prev_hash      bytea NOT NULL,
  hash           bytea NOT NULL
);
CREATE INDEX chain_at ON ledger.chain (at);

-- The end of the chain. Its row lock is the ledger's one queue: who holds it decides what comes next, so positions, times and
-- versions are in commit order and batches cannot deadlock.
CREATE TABLE ledger.head (
  one      boolean PRIMARY KEY DEFAULT true CHECK (one),
  n        bigint NOT NULL,
  position bigint NOT NULL,
  at       timestamptz NOT NULL,
  totals   jsonb NOT NULL,
  hash     bytea NOT NULL
) WITH (fillfactor = 10);
-- A fresh ledger's own beginning: two histories never share a hash, not even over the same rows.
INSERT INTO ledger.head VALUES (true, 0, 0, clock_timestamp(), '{}', sha256(convert_to(gen_random_uuid()::text, 'UTF8')));
CREATE TABLE ledger.genesis AS SELECT at, hash FROM ledger.head;

-- Who does what only one may do. The epoch grows with every new holder: an old one that wakes up is refused.
CREATE TABLE ledger.leases (
  name   text COLLATE "C" PRIMARY KEY,
  holder text NOT NULL,
  epoch  bigint NOT NULL,
  until  timestamptz NOT NULL
);

-- Ids carry time and place: 48 bits of milliseconds, 12 bits of microseconds within them, 62 bits of position (UUID version 8,
-- RFC 9562). No index of their own is needed, and a position that was lost in a failover and given again has another id.
CREATE FUNCTION ledger.public_id(prefix text, at timestamptz, pos bigint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT prefix || '_' || substr(h, 1, 8) || '-' || substr(h, 9, 4) || '-' || substr(h, 13, 4) || '-' || substr(h, 17, 4) || '-' || substr(h, 21)
    FROM (SELECT lpad(to_hex(us / 1000), 12, '0') || '8' || lpad(to_hex(us % 1000), 3, '0') || to_hex((-9223372036854775807 - 1) | pos) AS h
            FROM (SELECT (extract(epoch FROM at) * 1000000)::bigint AS us) t) u
$$;

CREATE FUNCTION ledger.posts(kind ledger.kind) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT kind IN ('transfer', 'conversion', 'fee', 'settlement', 'capture', 'refund', 'reversal')
$$;

-- For people and reports. security_invoker: the reader's own row-level security applies.
CREATE VIEW ledger.transfers WITH (security_invoker = true) AS
SELECT j.position, ledger.public_id('tr', j.created_at, j.position) AS id, j.tenant, j.kind::text AS kind,
       d.id AS debit_account_id, c.id AS credit_account_id, j.amount_minor, d.currency,
       j.debit_version, j.credit_version, j.debit_balance_minor, j.credit_balance_minor,
       j.description, j.metadata, j.payment, j.leg, j.legs, j.key, j.actor, j.request_id,
       coalesce(j.effective_at, j.created_at) AS effective_at, j.created_at, j.xmin AS transaction_id
  FROM ledger.journal j
  JOIN ledger.accounts d ON d.number = j.debit
  JOIN ledger.accounts c ON c.number = j.credit
 WHERE ledger.posts(j.kind);

-- Every leg, holds too: `change_minor` is what it did to the posted balance, zero for a hold and its release.
CREATE VIEW ledger.entries WITH (security_invoker = true) AS
SELECT a.tenant, a.id AS account_id, a.number, s.version, s.position, s.kind::text AS kind, s.direction, s.amount_minor, a.currency,
       CASE WHEN NOT ledger.posts(s.kind) THEN 0 WHEN (s.direction = 'debit') = a.debit_normal THEN s.amount_minor ELSE -s.amount_minor END AS change_minor,
       s.balance_minor, s.created_at, s.effective_at
  FROM (SELECT debit AS account, debit_version AS version, position, kind, 'debit' AS direction, amount_minor, debit_balance_minor AS balance_minor, created_at, coalesce(effective_at, created_at) AS effective_at
          FROM ledger.journal WHERE debit IS NOT NULL
        UNION ALL
        SELECT credit, credit_version, position, kind, 'credit', amount_minor, credit_balance_minor, created_at, coalesce(effective_at, created_at)
          FROM ledger.journal WHERE credit IS NOT NULL) s
  JOIN ledger.accounts a ON a.number = s.account;

-- The writer's read, for all tenants of a batch in one round trip: answers that are stored under these keys, the payments, the
-- accounts (by id, and those of the payments; in columns of their own, since there are many). With `lock_head` inside a transaction nobody else decides until it ends.
-- Each statement in here sees what was committed before it started (READ COMMITTED), so also what it waited for.
CREATE FUNCTION ledger.load(key_tenants text[], keys text[], account_tenants text[], account_ids text[], payment_positions bigint[], lock_head boolean)
RETURNS TABLE (body json, number bigint, tenant text, id text, owner text, currency text, type text, min bigint, max bigint, metadata jsonb, posted bigint, pending_out bigint, pending_in bigint, version bigint, created_us bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, ledger, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  known_positions bigint[];
BEGIN
  IF lock_head THEN
    PERFORM 1 FROM ledger.head h WHERE h.one FOR UPDATE;
  END IF;

  known_positions := ARRAY(SELECT j.position FROM unnest(key_tenants, keys) AS k (tenant, key) JOIN ledger.journal j ON j.tenant = k.tenant AND j.key = k.key);
  IF cardinality(known_positions) > 0 THEN
    -- By equality, leg by leg: a range over positions can be taken for a reason to read the whole journal.
    RETURN QUERY
      SELECT ledger.row_json(m, d.id, d.currency, c.id, j.key), NULL::bigint, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::bigint, NULL::bigint, NULL::jsonb, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint
        FROM unnest(known_positions) AS f (position)
        JOIN ledger.journal j ON j.position = f.position
       CROSS JOIN LATERAL generate_series(j.position, j.position + j.legs - 1) AS s (position)
        JOIN ledger.journal m ON m.position = s.position
        LEFT JOIN ledger.accounts d ON d.number = m.debit
        LEFT JOIN ledger.accounts c ON c.number = m.credit
       ORDER BY m.position;
    -- An answer may be visible here although the synchronous standby never confirmed it: its commit's wait was
    -- cancelled, or its session ended. This record makes this transaction's own commit wait for the standby, which
    -- then has everything before it too. Without it a failover could take back what a replay has acknowledged.
    PERFORM pg_logical_emit_message(true, 'ledger', 'replay');
  END IF;

  IF cardinality(payment_positions) > 0 THEN
    RETURN QUERY
      SELECT json_build_object('position', j.position::text, 'kind', j.kind, 'tenant', j.tenant, 'debit', j.debit::text, 'credit', j.credit::text,
               'atUs', (extract(epoch FROM j.created_at) * 1000000)::bigint::text, 'payment', j.payment::text,
               'authorised', j.amount_minor::text, 'captured', p.captured_minor::text, 'released', p.released_minor::text, 'refunded', p.refunded_minor::text,
               'expired', p.expires_at <= clock_timestamp(), 'version', p.version::text), NULL::bigint, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::bigint, NULL::bigint, NULL::jsonb, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint
        FROM unnest(payment_positions) AS x (position)
        JOIN ledger.journal j ON j.position = x.position
        LEFT JOIN ledger.payments p ON p.position = j.position
       WHERE j.debit IS NOT NULL;
    RETURN QUERY
      SELECT NULL::json, a.number, a.tenant::text, a.id::text, a.owner::text, a.currency, a.type::text, a.min_available_minor, a.max_available_minor, a.metadata::jsonb,
             a.posted_minor, a.pending_out_minor, a.pending_in_minor, a.version, round(date_part('epoch', a.created_at) * 1000000)::bigint
        FROM (SELECT DISTINCT unnest(ARRAY[j.debit, j.credit]) AS number FROM ledger.journal j WHERE j.position = ANY (payment_positions)) n
        JOIN ledger.accounts a ON a.number = n.number;
  END IF;

  IF cardinality(account_ids) > 0 THEN
    RETURN QUERY
      SELECT NULL::json, a.number, a.tenant::text, a.id::text, a.owner::text, a.currency, a.type::text, a.min_available_minor, a.max_available_minor, a.metadata::jsonb,
             a.posted_minor, a.pending_out_minor, a.pending_in_minor, a.version, round(date_part('epoch', a.created_at) * 1000000)::bigint
        FROM unnest(account_tenants, account_ids) AS x (tenant, id)
        JOIN ledger.accounts a ON a.tenant = x.tenant AND a.id = x.id;
  END IF;
END $$;

-- [number, tenant, id, owner, currency, type, min, max, metadata, posted, pendingOut, pendingIn, version, createdAtUs]: an array, since this is the hot path.
CREATE FUNCTION ledger.account_json(a ledger.accounts) RETURNS json LANGUAGE sql STABLE AS $$
  SELECT json_build_array(a.number::text, a.tenant, a.id, a.owner, a.currency, a.type, a.min_available_minor::text, a.max_available_minor::text, a.metadata,
                          a.posted_minor::text, a.pending_out_minor::text, a.pending_in_minor::text, a.version::text, (extract(epoch FROM a.created_at) * 1000000)::bigint::text)
$$;

-- A row of the journal with what its answer needs; also what an export holds.
CREATE FUNCTION ledger.row_json(j ledger.journal, debit_id text, currency text, credit_id text, found_by text) RETURNS json LANGUAGE sql STABLE AS $$
  SELECT json_build_object('position', j.position::text, 'kind', j.kind, 'tenant', j.tenant, 'foundBy', found_by, 'key', j.key, 'requestHash', encode(j.request_hash, 'hex'),
    'leg', j.leg, 'legs', j.legs, 'debit', j.debit::text, 'credit', j.credit::text, 'debitId', debit_id, 'creditId', credit_id, 'currency', currency,
    'amount', j.amount_minor::text, 'debitVersion', j.debit_version::text, 'creditVersion', j.credit_version::text,
    'debitBalance', j.debit_balance_minor::text, 'creditBalance', j.credit_balance_minor::text, 'payment', j.payment::text,
    'paymentAtUs', (extract(epoch FROM o.created_at) * 1000000)::bigint::text, 'paymentKind', o.kind,
    'atUs', (extract(epoch FROM j.created_at) * 1000000)::bigint::text, 'effectiveAtUs', (extract(epoch FROM j.effective_at) * 1000000)::bigint::text,
    'expiresAtUs', (extract(epoch FROM j.expires_at) * 1000000)::bigint::text, 'requestId', j.request_id, 'actor', j.actor,
    'description', j.description, 'metadata', j.metadata, 'status', j.status, 'answer', j.answer,
    'region', l.region, 'format', l.format)
    FROM (SELECT c.region, c.format FROM ledger.chain c WHERE c.first_position <= j.position ORDER BY c.first_position DESC LIMIT 1) l
    LEFT JOIN ledger.journal o ON o.position = j.payment
$$;

-- The one way to write. All rows of a batch, all balances, one link of the chain: all or nothing. What the caller decided is not
-- believed: an account that is not as it was decided on refuses the batch (AP001), and the balances must move by exactly what the rows say
-- (AP003), within one tenant and one currency. As it was, not only at that version: a batch may be decided on one before it that never came to be, and another process
-- have made that version. Floors, ceilings, captured and refunded sums are held by CHECKs, a second use of
-- a key by its index.
--   _currencies, _sums: posted by this batch
--   _lease: name and epoch of a lease that must still be held (AP002), or NULL
--   _accounts: numbers, the versions and balances they were decided on, how many legs, and how far each balance moves
--   _payments: positions and the versions they were decided on; -1 for a transfer's first refund
--   _seen: accounts and payments that declines were decided on: they must be as they were (AP001); `version/posted/out/in` and `version/captured/released/refunded`
--   _opened: [{row (0 for the first of the batch), tenant, id, owner, currency, type, min, max, metadata}], or NULL
-- Returns the position of the first row and the time of all of them in microseconds.
CREATE FUNCTION ledger.append(
  _region text, _instance text, _format smallint, _digest bytea, _currencies text[], _sums numeric[], _lease text, _epoch bigint,
  _kinds ledger.kind[], _tenants text[], _actors text[], _keys text[], _hashes bytea[], _leg smallint[], _legs smallint[],
  _debits bigint[], _credits bigint[], _amounts bigint[], _debit_versions bigint[], _credit_versions bigint[], _debit_balances bigint[], _credit_balances bigint[],
  _row_payments bigint[], _descriptions text[], _metadata jsonb[], _effective timestamptz[], _expires timestamptz[], _requests uuid[], _statuses smallint[], _answers text[],
  _accounts bigint[], _versions bigint[], _posted_before bigint[], _out_before bigint[], _in_before bigint[], _leg_counts bigint[], _posted bigint[], _pending_out bigint[], _pending_in bigint[],
  _payments bigint[], _payment_versions bigint[], _seen bigint[], _seen_states text[], _seen_payments bigint[], _seen_payment_states text[], _opened jsonb,
  OUT first_position bigint, OUT at_us bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, ledger, pg_temp SET enable_seqscan = off SET jit = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  rows_count int := cardinality(_kinds);
  link record;
  moved record;
  new_totals jsonb;
  sealed bytea;
BEGIN
  PERFORM set_config('ledger.appending', 'on', true); -- opens the tables' triggers until the transaction ends
  -- Takes the lock, and only then reads the row: what follows happens alone.
  SELECT h.n + 1 AS n, h.position + 1 AS first_position, greatest(clock_timestamp(), h.at + interval '1 microsecond') AS at, h.totals, h.hash AS prev_hash INTO link
    FROM ledger.head h WHERE h.one FOR UPDATE;
  new_totals := link.totals;
  FOR i IN 1 .. cardinality(_currencies) LOOP
    new_totals := jsonb_set(new_totals, _currencies[i:i], to_jsonb((coalesce((new_totals ->> _currencies[i])::numeric, 0) + _sums[i])::text));
  END LOOP;
  sealed := sha256(link.prev_hash || _digest || int8send(link.n) || int8send(link.first_position) || int4send(rows_count) || int8send((extract(epoch FROM link.at) * 1000000)::bigint) || convert_to(new_totals::text, 'UTF8'));

  IF _lease IS NOT NULL THEN
    PERFORM 1 FROM ledger.leases l WHERE l.name = _lease AND l.epoch = _epoch;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'lease % is held by another one now', _lease USING ERRCODE = 'AP002';
    END IF;
  END IF;

  IF cardinality(_accounts) > 0 OR cardinality(_currencies) > 0 OR cardinality(array_remove(_debits, NULL)) > 0 THEN
    WITH moved AS (
      UPDATE ledger.accounts a
         SET posted_minor = a.posted_minor + x.posted, pending_out_minor = a.pending_out_minor + x.pending_out, pending_in_minor = a.pending_in_minor + x.pending_in, version = a.version + x.legs
        FROM unnest(_accounts, _versions, _posted_before, _out_before, _in_before, _leg_counts, _posted, _pending_out, _pending_in) AS x (number, version, posted_before, out_before, in_before, legs, posted, pending_out, pending_in)
       WHERE a.number = x.number AND a.version = x.version AND a.posted_minor = x.posted_before AND a.pending_out_minor = x.out_before AND a.pending_in_minor = x.in_before
      RETURNING a.number, a.tenant, a.currency, a.version, a.posted_minor AS balance, x.legs, CASE WHEN a.debit_normal THEN x.posted ELSE -x.posted END AS signed, x.pending_out + x.pending_in AS pending,
                CASE WHEN a.debit_normal THEN x.pending_in - x.pending_out ELSE x.pending_out - x.pending_in END AS held
    ), said AS (
      SELECT s.account, s.tenant, count(*) AS legs, sum(s.posted) AS signed, sum(s.pending) AS pending, sum(s.turnover) AS turnover,
             sum(s.version) AS versions, max(s.version) AS version, (max(ARRAY[s.version, s.balance]))[2] AS balance
        FROM (SELECT r.debit AS account, r.tenant, CASE WHEN ledger.posts(r.kind) THEN r.amount ELSE 0 END AS posted, CASE r.kind WHEN 'hold' THEN r.amount WHEN 'capture' THEN -r.amount WHEN 'void' THEN -r.amount WHEN 'expiry' THEN -r.amount ELSE 0 END AS pending,
                     CASE WHEN ledger.posts(r.kind) THEN r.amount ELSE 0 END AS turnover, r.version, r.balance
                FROM unnest(_kinds, _tenants, _debits, _amounts, _debit_versions, _debit_balances) AS r (kind, tenant, debit, amount, version, balance) WHERE r.debit IS NOT NULL
              UNION ALL
              SELECT r.credit, r.tenant, CASE WHEN ledger.posts(r.kind) THEN -r.amount ELSE 0 END, CASE r.kind WHEN 'hold' THEN r.amount WHEN 'capture' THEN -r.amount WHEN 'void' THEN -r.amount WHEN 'expiry' THEN -r.amount ELSE 0 END, 0, r.version, r.balance
                FROM unnest(_kinds, _tenants, _credits, _amounts, _credit_versions, _credit_balances) AS r (kind, tenant, credit, amount, version, balance) WHERE r.credit IS NOT NULL) s
       GROUP BY s.account, s.tenant
    )
    SELECT count(m.number) AS accounts,
           -- Account by account as the rows say, nobody's row at another tenant's account, and in each currency as much debited as credited.
           -- The rows' versions are all there are (the index has none twice), the last of them names the balance that is stored.
           bool_and(coalesce(m.legs = s.legs AND m.signed = s.signed AND m.pending = s.pending AND m.version = s.version AND m.balance = s.balance AND s.versions * 2 = s.legs * (2 * m.version - s.legs + 1), false))
             AND NOT EXISTS (SELECT FROM moved t GROUP BY t.tenant, t.currency HAVING sum(t.signed) <> 0 OR sum(t.held) <> 0)
             -- The totals grow by what is posted.
             AND NOT EXISTS (SELECT FROM (SELECT t.currency, sum(d.turnover) AS sum FROM said d JOIN moved t ON t.number = d.account GROUP BY t.currency) p
                               FULL JOIN (SELECT c.currency, sum(c.sum) AS sum FROM unnest(_currencies, _sums) AS c (currency, sum) GROUP BY c.currency) c ON c.currency = p.currency
                              WHERE coalesce(p.sum, 0) <> coalesce(c.sum, 0)) AS agreed INTO moved
      FROM moved m FULL JOIN said s ON s.account = m.number AND s.tenant = m.tenant;
    IF moved.accounts <> cardinality(_accounts) THEN
      RAISE EXCEPTION 'an account moved meanwhile' USING ERRCODE = 'AP001';
    END IF;
    IF moved.agreed IS NOT TRUE THEN
      RAISE EXCEPTION 'the balances do not move by what the rows say' USING ERRCODE = 'AP003';
    END IF;
  END IF;

  IF cardinality(_seen) > 0 THEN
    PERFORM 1 FROM unnest(_seen, _seen_states) AS x (number, state) LEFT JOIN ledger.accounts a ON a.number = x.number
      WHERE concat_ws('/', a.version, a.posted_minor, a.pending_out_minor, a.pending_in_minor) <> x.state;
    IF FOUND THEN
      RAISE EXCEPTION 'an account moved meanwhile' USING ERRCODE = 'AP001';
    END IF;
  END IF;
  IF cardinality(_seen_payments) > 0 THEN
    PERFORM 1 FROM unnest(_seen_payments, _seen_payment_states) AS x (position, state) LEFT JOIN ledger.payments p ON p.position = x.position
      WHERE CASE WHEN p.position IS NULL THEN x.state NOT LIKE '-1/%' ELSE concat_ws('/', p.version, p.captured_minor, p.released_minor, p.refunded_minor) <> x.state END;
    IF FOUND THEN
      RAISE EXCEPTION 'a payment moved meanwhile' USING ERRCODE = 'AP001';
    END IF;
  END IF;

  INSERT INTO ledger.journal (position, kind, tenant, actor, key, request_hash, leg, legs, debit, credit, amount_minor, debit_version, credit_version, debit_balance_minor, credit_balance_minor,
                              payment, description, metadata, effective_at, expires_at, request_id, status, answer, created_at)
  SELECT link.first_position + r.ordinality - 1, r.kind, r.tenant, r.actor, r.key, r.hash, r.leg, r.legs, r.debit, r.credit, r.amount, r.debit_version, r.credit_version, r.debit_balance, r.credit_balance,
         r.payment, r.description, r.metadata, r.effective, r.expires, r.request, r.status, r.answer, link.at
    FROM unnest(_kinds, _tenants, _actors, _keys, _hashes, _leg, _legs, _debits, _credits, _amounts, _debit_versions, _credit_versions, _debit_balances, _credit_balances,
                _row_payments, _descriptions, _metadata, _effective, _expires, _requests, _statuses, _answers) WITH ORDINALITY
         AS r (kind, tenant, actor, key, hash, leg, legs, debit, credit, amount, debit_version, credit_version, debit_balance, credit_balance,
               payment, description, metadata, effective, expires, request, status, answer, ordinality);

  IF 'hold' = ANY (_kinds) THEN
    INSERT INTO ledger.payments (position, tenant, debit, credit, authorised_minor, expires_at)
    SELECT j.position, j.tenant, j.debit, j.credit, j.amount_minor, j.expires_at
      FROM ledger.journal j WHERE j.position BETWEEN link.first_position AND link.first_position + rows_count - 1 AND j.kind = 'hold';
  END IF;
  IF cardinality(_payments) > 0 OR cardinality(array_remove(_row_payments, NULL)) > 0 THEN
    PERFORM ledger.change_payments(link.first_position, link.first_position + rows_count - 1, _payments, _payment_versions);
  END IF;
  IF _opened IS NOT NULL THEN
    INSERT INTO ledger.accounts (number, tenant, id, owner, currency, type, debit_normal, min_available_minor, max_available_minor, metadata, created_at)
    SELECT link.first_position + o.row, o.tenant, o.id, o.owner, o.currency, o.type, o.type IN ('asset', 'expense'), o.min, o.max, o.metadata, link.at
      FROM jsonb_to_recordset(_opened) AS o ("row" int, tenant text, id text, owner text, currency text, type ledger.account_type, min bigint, max bigint, metadata jsonb);
  END IF;

  INSERT INTO ledger.chain (n, first_position, count, at, format, region, instance, digest, totals, prev_hash, hash)
  VALUES (link.n, link.first_position, rows_count, link.at, _format, _region, _instance, _digest, new_totals, link.prev_hash, sealed);
  UPDATE ledger.head h SET n = link.n, position = link.first_position + rows_count - 1, at = link.at, totals = new_totals, hash = sealed WHERE h.one;

  first_position := link.first_position;
  at_us := (extract(epoch FROM link.at) * 1000000)::bigint;
END $$;

-- append() for one posted transfer, which is what an idle ledger writes: the same effect, the same checks, a third of the cost.
CREATE FUNCTION ledger.append_one(
  _region text, _instance text, _format smallint, _digest bytea, _kind ledger.kind, _tenant text, _actor text, _key text, _hash bytea,
  _debit bigint, _credit bigint, _amount bigint, _debit_version bigint, _credit_version bigint, _debit_balance bigint, _credit_balance bigint,
  _description text, _metadata jsonb, _effective timestamptz, _request uuid,
  OUT first_position bigint, OUT at_us bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, ledger, pg_temp AS $$
DECLARE
  head ledger.head;
  now_at timestamptz;
  moved record;
BEGIN
  PERFORM set_config('ledger.appending', 'on', true);
  SELECT * INTO head FROM ledger.head h WHERE h.one FOR UPDATE;
  now_at := greatest(clock_timestamp(), head.at + interval '1 microsecond');
  at_us := (extract(epoch FROM now_at) * 1000000)::bigint;
  first_position := head.position + 1;

  WITH moved AS (
    UPDATE ledger.accounts a SET posted_minor = CASE a.number WHEN _debit THEN _debit_balance ELSE _credit_balance END, version = a.version + 1
     WHERE a.number IN (_debit, _credit) AND a.version = CASE a.number WHEN _debit THEN _debit_version ELSE _credit_version END - 1
       AND a.posted_minor + CASE WHEN a.debit_normal = (a.number = _debit) THEN _amount ELSE -_amount END = CASE a.number WHEN _debit THEN _debit_balance ELSE _credit_balance END
    RETURNING a.tenant, a.currency
  )
  SELECT count(*) AS accounts, min(m.currency) AS currency, min(m.currency) = max(m.currency) AND min(m.tenant) = _tenant AND max(m.tenant) = _tenant AS agreed INTO moved FROM moved m;
  IF moved.accounts <> 2 THEN
    RAISE EXCEPTION 'an account moved meanwhile' USING ERRCODE = 'AP001';
  END IF;
  IF NOT moved.agreed OR NOT ledger.posts(_kind) THEN
    RAISE EXCEPTION 'the balances do not move by what the rows say' USING ERRCODE = 'AP003';
  END IF;

  INSERT INTO ledger.journal (position, kind, tenant, actor, key, request_hash, leg, legs, debit, credit, amount_minor, debit_version, credit_version, debit_balance_minor, credit_balance_minor,
                              description, metadata, effective_at, request_id, created_at)
  VALUES (first_position, _kind, _tenant, _actor, _key, _hash, 0, 1, _debit, _credit, _amount, _debit_version, _credit_version, _debit_balance, _credit_balance,
          _description, _metadata, _effective, _request, now_at);

  head.n := head.n + 1;
  head.position := first_position;
  head.totals := jsonb_set(head.totals, ARRAY[moved.currency], to_jsonb((coalesce((head.totals ->> moved.currency)::numeric, 0) + _amount)::text));
  INSERT INTO ledger.chain (n, first_position, count, at, format, region, instance, digest, totals, prev_hash, hash)
  VALUES (head.n, first_position, 1, now_at, _format, _region, _instance, _digest, head.totals, head.hash,
          sha256(head.hash || _digest || int8send(head.n) || int8send(first_position) || int4send(1) || int8send(at_us) || convert_to(head.totals::text, 'UTF8')))
  RETURNING hash INTO head.hash;
  UPDATE ledger.head h SET n = head.n, position = head.position, at = now_at, totals = head.totals, hash = head.hash WHERE h.one;
END $$;

-- The sums of payments, from the rows just written and not from what the caller says.
CREATE FUNCTION ledger.change_payments(_first bigint, _last bigint, _payments bigint[], _versions bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  changed int;
BEGIN
  INSERT INTO ledger.payments (position, tenant, debit, credit, authorised_minor, captured_minor, version)
  SELECT j.position, j.tenant, j.debit, j.credit, j.amount_minor, j.amount_minor, -1
    FROM unnest(_payments, _versions) AS x (position, version) JOIN ledger.journal j ON j.position = x.position
   WHERE x.version = -1 AND ledger.posts(j.kind) AND j.kind NOT IN ('capture', 'refund', 'reversal');
  UPDATE ledger.payments p
     SET captured_minor = p.captured_minor + d.captured, released_minor = p.released_minor + d.released, refunded_minor = p.refunded_minor + d.refunded, version = p.version + 1
    FROM unnest(_payments, _versions) AS x (position, version)
    JOIN (SELECT j.payment, coalesce(sum(j.amount_minor) FILTER (WHERE j.kind = 'capture'), 0) AS captured,
                 coalesce(sum(j.amount_minor) FILTER (WHERE j.kind IN ('void', 'expiry')), 0) AS released,
                 coalesce(sum(j.amount_minor) FILTER (WHERE j.kind IN ('refund', 'reversal')), 0) AS refunded
            FROM ledger.journal j WHERE j.position BETWEEN _first AND _last AND j.payment IS NOT NULL GROUP BY j.payment) d ON d.payment = x.position
   WHERE p.position = x.position AND p.version = x.version;
  GET DIAGNOSTICS changed = ROW_COUNT;
  IF changed <> cardinality(_payments) OR changed <> (SELECT count(DISTINCT j.payment) FROM ledger.journal j WHERE j.position BETWEEN _first AND _last AND j.payment IS NOT NULL) THEN
    RAISE EXCEPTION 'a payment moved meanwhile' USING ERRCODE = 'AP001';
  END IF;
EXCEPTION WHEN unique_violation THEN
  RAISE EXCEPTION 'a payment moved meanwhile' USING ERRCODE = 'AP001';
END $$;

-- The epoch under which `_holder` has the lease until the time-out, by the database's clock; NULL while another one has it.
CREATE FUNCTION ledger.take_lease(_name text, _holder text, _ttl_ms int) RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, ledger, pg_temp AS $$
  INSERT INTO ledger.leases AS l VALUES (_name, _holder, 1, clock_timestamp() + _ttl_ms * interval '1 millisecond')
  ON CONFLICT (name) DO UPDATE
     SET epoch = CASE WHEN l.holder = excluded.holder AND l.until > clock_timestamp() THEN l.epoch ELSE l.epoch + 1 END, holder = excluded.holder, until = excluded.until
   WHERE l.holder = excluded.holder OR l.until <= clock_timestamp()
  RETURNING epoch
$$;
CREATE FUNCTION ledger.give_up_lease(_name text, _holder text) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, ledger, pg_temp AS $$
  UPDATE ledger.leases SET until = clock_timestamp() WHERE name = _name AND holder = _holder AND until > clock_timestamp()
$$;

-- Holds whose time has passed, oldest first, for the one worker that releases them.
CREATE FUNCTION ledger.due_holds(_limit int) RETURNS TABLE (tenant text, "position" bigint, at_us bigint)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, ledger, pg_temp AS $$
  SELECT p.tenant, p.position, (extract(epoch FROM j.created_at) * 1000000)::bigint
    FROM ledger.payments p JOIN ledger.journal j ON j.position = p.position
   WHERE p.captured_minor + p.released_minor < p.authorised_minor AND p.expires_at <= clock_timestamp()
   ORDER BY p.expires_at LIMIT _limit
$$;

-- Over all tenants, for the gauges: each account's balance in its column, a negative one in the other.
CREATE FUNCTION ledger.trial_balance() RETURNS TABLE (currency text, debit_minor numeric, credit_minor numeric)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, ledger, pg_temp AS $$
  SELECT c.code, coalesce(sum(abs(a.posted_minor::numeric)) FILTER (WHERE a.debit_normal = (a.posted_minor > 0)), 0),
         coalesce(sum(abs(a.posted_minor::numeric)) FILTER (WHERE a.debit_normal <> (a.posted_minor > 0)), 0)
    FROM ledger.currencies c LEFT JOIN ledger.accounts a ON a.currency = c.code
   GROUP BY c.code ORDER BY c.code
$$;

-- Append only, also for the owner of the tables: a mistake is mended by another row. And only through append().
CREATE FUNCTION ledger.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% of % is refused: %', TG_OP, TG_TABLE_NAME, TG_ARGV[0] USING ERRCODE = 'insufficient_privilege';
END $$;
DO $$
DECLARE
  one text;
BEGIN
  FOREACH one IN ARRAY ARRAY['journal', 'chain', 'genesis'] LOOP
    EXECUTE format('CREATE TRIGGER %1$s_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.%1$s FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change(''it is append-only'')', one);
  END LOOP;
  FOREACH one IN ARRAY ARRAY['accounts', 'payments', 'head'] LOOP
    EXECUTE format('CREATE TRIGGER %1$s_stay BEFORE DELETE OR TRUNCATE ON ledger.%1$s FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change(''its rows stay'')', one);
  END LOOP;
  -- On the two tables that are money: a guard costs each statement, and the rest is sealed by the chain.
  FOREACH one IN ARRAY ARRAY['journal', 'accounts'] LOOP
    EXECUTE format('CREATE TRIGGER %1$s_through_append BEFORE INSERT OR UPDATE ON ledger.%1$s FOR EACH STATEMENT WHEN (current_setting(''ledger.appending'', true) IS DISTINCT FROM ''on'') EXECUTE FUNCTION ledger.refuse_change(''money moves through ledger.append() only'')', one);
  END LOOP;
END $$;
CREATE TRIGGER accounts_keep_their_terms BEFORE UPDATE OF number, tenant, id, owner, currency, type, debit_normal, min_available_minor, max_available_minor, created_at ON ledger.accounts
  FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change('the terms of an account do not change');

-- What each role may do. The service reads its callers' tenants and calls the functions; it cannot write a table, nor run DDL.
-- Roles are made by whoever runs the server; absent ones are skipped.
REVOKE ALL ON ALL TABLES IN SCHEMA ledger FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ledger FROM PUBLIC;
ALTER TABLE ledger.accounts ENABLE ROW LEVEL SECURITY;
ALTER TABLE ledger.journal ENABLE ROW LEVEL SECURITY;
ALTER TABLE ledger.payments ENABLE ROW LEVEL SECURITY;
DO $$
DECLARE
  reader text;
  one text;
BEGIN
  FOREACH reader IN ARRAY ARRAY['ledger_app', 'ledger_readonly', 'airpay_recovery'] LOOP
    CONTINUE WHEN NOT EXISTS (SELECT FROM pg_roles WHERE rolname = reader);
    EXECUTE format('GRANT USAGE ON SCHEMA ledger TO %I', reader);
    EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA ledger TO %I', reader);
    EXECUTE format('GRANT EXECUTE ON FUNCTION ledger.public_id, ledger.posts, ledger.row_json, ledger.account_json, ledger.trial_balance TO %I', reader);
    FOREACH one IN ARRAY ARRAY['accounts', 'journal', 'payments'] LOOP
      EXECUTE format('CREATE POLICY %I ON ledger.%I FOR SELECT TO %I USING (%s)', one || '_' || reader, one, reader,
        CASE reader WHEN 'ledger_app' THEN 'tenant = current_setting(''ledger.tenant'', true)' ELSE 'true' END);
    END LOOP;
  END LOOP;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'ledger_app') THEN
    GRANT EXECUTE ON FUNCTION ledger.load, ledger.append, ledger.append_one, ledger.take_lease, ledger.give_up_lease, ledger.due_holds TO ledger_app;
  END IF;
END $$;
