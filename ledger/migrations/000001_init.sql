-- The ledger's tables. Every rule that must hold for the money stands here, so that it holds against
-- every writer: another version of the service, a person with psql, a bug. docs/ledger.md names the
-- test that proves each rule.
--
-- Ids are compared byte by byte (COLLATE "C"): an index must not depend on a server's locale library.
-- Sign convention: a balance is kept on the account's normal side. Debits raise assets and expenses;
-- credits raise liabilities, equity and income.

CREATE SCHEMA IF NOT EXISTS ledger;
REVOKE ALL ON SCHEMA ledger FROM PUBLIC;

CREATE TABLE ledger.currencies (
  code     text PRIMARY KEY CHECK (code ~ '^[A-Z]{3}$'),
  exponent smallint NOT NULL CHECK (exponent BETWEEN 0 AND 4) -- ISO 4217: minor units are 10^-exponent
);
INSERT INTO ledger.currencies VALUES ('USD', 2), ('EUR', 2), ('GBP', 2), ('MXN', 2);

CREATE TABLE ledger.accounts (
  id                  text COLLATE "C" PRIMARY KEY CHECK (id ~ '^[a-z0-9][a-z0-9:_-]{0,62}$'),
  owner               text NOT NULL CHECK (length(owner) BETWEEN 1 AND 128),
  currency            text NOT NULL REFERENCES ledger.currencies (code),
  type                text NOT NULL CHECK (type IN ('asset', 'liability', 'equity', 'income', 'expense')),
  debit_normal        boolean NOT NULL GENERATED ALWAYS AS (type IN ('asset', 'expense')) STORED,
  min_available_minor bigint, -- NULL: may go below zero without limit
  posted_minor        bigint NOT NULL DEFAULT 0,
  pending_minor       bigint NOT NULL DEFAULT 0 CHECK (pending_minor >= 0),
  version             bigint NOT NULL DEFAULT 0 CHECK (version >= 0), -- number of entries so far
  created_at          timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (id, currency), -- target of the entries' key: an entry's currency is its account's
  CONSTRAINT accounts_floor CHECK (min_available_minor IS NULL OR posted_minor - pending_minor >= min_available_minor)
) WITH (fillfactor = 70); -- room on the page, so that a balance update stays on it (HOT)

CREATE TABLE ledger.transfers (
  id                text COLLATE "C" PRIMARY KEY CHECK (id ~ '^tr_[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$'),
  debit_account_id  text COLLATE "C" NOT NULL,
  credit_account_id text COLLATE "C" NOT NULL,
  amount_minor      bigint NOT NULL CHECK (amount_minor > 0),
  currency          text NOT NULL,
  description       text CHECK (length(description) <= 500),
  metadata          jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(metadata) = 'object'),
  debit_version     bigint NOT NULL,
  credit_version    bigint NOT NULL,
  region            text NOT NULL,
  created_at        timestamptz(3) NOT NULL,
  CONSTRAINT transfers_two_accounts CHECK (debit_account_id <> credit_account_id)
);

CREATE TABLE ledger.entries (
  account_id    text COLLATE "C" NOT NULL,
  version       bigint NOT NULL CHECK (version > 0), -- 1..n per account without a gap
  transfer_id   text COLLATE "C" NOT NULL, -- entry_committed() holds it to its transfer, cheaper than a second key
  direction     text NOT NULL CHECK (direction IN ('debit', 'credit')),
  amount_minor  bigint NOT NULL CHECK (amount_minor > 0),
  currency      text NOT NULL,
  balance_minor bigint NOT NULL, -- of the account after this entry, on its normal side
  created_at    timestamptz(3) NOT NULL,
  PRIMARY KEY (account_id, version),
  FOREIGN KEY (account_id, currency) REFERENCES ledger.accounts (id, currency)
);

-- One row per key that was answered: written once, complete, in the transaction of its effect.
CREATE TABLE ledger.idempotency_keys (
  client       text COLLATE "C" NOT NULL, -- who: the name of the API key, so that rotating the secret keeps its keys
  key          text COLLATE "C" NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
  request_hash bytea NOT NULL CHECK (length(request_hash) = 32),
  status       smallint NOT NULL CHECK (status BETWEEN 200 AND 499),
  body         text NOT NULL,  -- the answer, byte for byte
  resource_id  text,           -- the transfer or account it made
  created_at   timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (client, key)
);

-- The rules that span rows. Together they say: the entries of a transfer are exactly the two legs that its header
-- names, one debit and one credit of the same amount in the same currency, so they sum to zero. Every look is by
-- primary key: the cost does not grow with the journal.

-- A transfer has both its legs. That it has no third one is the entries' rule below.
CREATE FUNCTION ledger.transfer_committed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  legs int;
BEGIN
  SELECT count(*) INTO legs FROM ledger.entries e
   WHERE e.transfer_id = NEW.id
     AND ((e.account_id = NEW.debit_account_id AND e.version = NEW.debit_version) OR (e.account_id = NEW.credit_account_id AND e.version = NEW.credit_version));
  IF legs <> 2 THEN
    RAISE EXCEPTION 'transfer % does not balance: it has % of its 2 legs', NEW.id, legs
      USING ERRCODE = 'check_violation', CONSTRAINT = 'transfers_balanced';
  END IF;
  RETURN NULL;
END $$;

-- An entry is one of the legs its transfer names; it continues its account's history without a gap; its running
-- balance is the previous one moved by its amount; the account knows of it.
CREATE FUNCTION ledger.entry_committed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  account  record;
  previous bigint := 0;
  delta    bigint := NEW.amount_minor;
BEGIN
  PERFORM 1 FROM ledger.transfers t
    WHERE t.id = NEW.transfer_id AND t.amount_minor = NEW.amount_minor AND t.currency = NEW.currency
      AND ((NEW.direction = 'debit' AND t.debit_account_id = NEW.account_id AND t.debit_version = NEW.version) OR
           (NEW.direction = 'credit' AND t.credit_account_id = NEW.account_id AND t.credit_version = NEW.version));
  IF NOT FOUND THEN
    RAISE EXCEPTION 'transfer % does not balance: entry % of account % is not one of its legs', NEW.transfer_id, NEW.version, NEW.account_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'transfers_balanced';
  END IF;
  SELECT version, debit_normal INTO account FROM ledger.accounts WHERE id = NEW.account_id;
  IF NEW.version > 1 THEN
    SELECT balance_minor INTO previous FROM ledger.entries WHERE account_id = NEW.account_id AND version = NEW.version - 1;
  END IF;
  IF previous IS NULL OR account.version < NEW.version THEN
    RAISE EXCEPTION 'entry % of account % leaves a gap or is not in the account', NEW.version, NEW.account_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'entries_gap_free';
  END IF;
  IF (NEW.direction = 'debit') <> account.debit_normal THEN delta := -delta; END IF;
  IF NEW.balance_minor <> previous + delta THEN
    RAISE EXCEPTION 'entry % of account % has a wrong running balance', NEW.version, NEW.account_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'entries_running_balance';
  END IF;
  RETURN NULL;
END $$;

-- A balance moves only together with the entry that says why.
CREATE FUNCTION ledger.account_committed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.version = 0 AND NEW.posted_minor = 0 THEN RETURN NULL; END IF;
  PERFORM 1 FROM ledger.entries WHERE account_id = NEW.id AND version = NEW.version AND balance_minor = NEW.posted_minor;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the balance of account % is not that of its entry %', NEW.id, NEW.version
      USING ERRCODE = 'check_violation', CONSTRAINT = 'accounts_follow_entries';
  END IF;
  RETURN NULL;
END $$;

-- Deferred: in the middle of a transaction the rules are broken by necessity, at its end they hold.
CREATE CONSTRAINT TRIGGER transfers_balanced AFTER INSERT ON ledger.transfers
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger.transfer_committed();
CREATE CONSTRAINT TRIGGER entries_continue AFTER INSERT ON ledger.entries
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger.entry_committed();
CREATE CONSTRAINT TRIGGER accounts_follow_entries AFTER INSERT OR UPDATE OF posted_minor, version ON ledger.accounts
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger.account_committed();

-- Append only, also for the owner of the tables: a mistake is mended by another transfer.
CREATE FUNCTION ledger.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% of % is refused: it is append-only', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER transfers_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.transfers
  FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.entries
  FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER idempotency_keys_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.idempotency_keys
  FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER accounts_stay BEFORE DELETE OR TRUNCATE OR UPDATE OF id, owner, currency, type, created_at ON ledger.accounts
  FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();

-- First step of every command with an idempotency key, one round trip: serialise the key, look for its
-- stored answer, else lock the accounts in id order. Each statement in here sees what was committed
-- before it started (READ COMMITTED), so after a wait for the key the other's answer is found.
-- Returns one row with status set (stored answer), or one row per existing account, or one row of NULLs.
CREATE FUNCTION ledger.lock_for_posting(for_client text, for_key text, account_ids text[])
RETURNS TABLE (at timestamptz, stored_hash bytea, stored_status smallint, stored_body text,
               id text, owner text, currency text, type text, min_available_minor bigint,
               posted_minor bigint, pending_minor bigint, version bigint, created_at timestamptz)
LANGUAGE plpgsql AS $$
DECLARE
  lock_id bigint := hashtextextended(for_client || E'\n' || for_key, 0);
BEGIN
  -- Duplicates wait for the first one and then replay its answer. The advisory lock is only for that
  -- wait; what makes a second effect impossible is the primary key of idempotency_keys.
  IF NOT pg_try_advisory_xact_lock(lock_id) THEN
    BEGIN
      PERFORM pg_advisory_xact_lock(lock_id);
    EXCEPTION WHEN lock_not_available THEN
      RAISE EXCEPTION 'the first request with this key is still running' USING ERRCODE = 'AP409';
    END;
  END IF;

  SELECT k.request_hash, k.status, k.body INTO stored_hash, stored_status, stored_body
    FROM ledger.idempotency_keys k WHERE k.client = for_client AND k.key = for_key;
  IF FOUND THEN
    -- The answer may be visible here although the synchronous standby never confirmed it: its commit's wait was
    -- cancelled, or its session ended. This record makes the replay's own commit wait for the standby, which then
    -- has everything before it too. Without it a failover could take back what a replay has acknowledged.
    PERFORM pg_logical_emit_message(true, 'ledger', 'replay');
    at := clock_timestamp();
    RETURN NEXT;
    RETURN;
  END IF;

  -- In id order, so that two transfers over the same pair never wait for each other in a circle.
  -- NO KEY: it does not get in the way of the entries' foreign key checks.
  -- `at` is read as each row is handed out, so that the last one's is after all locks: times follow the order of
  -- versions while one server's clock runs forward. The order itself is the version's: clocks differ between servers.
  FOR id, owner, currency, type, min_available_minor, posted_minor, pending_minor, version, created_at IN
    SELECT a.id, a.owner, a.currency, a.type, a.min_available_minor, a.posted_minor, a.pending_minor, a.version, a.created_at
      FROM ledger.accounts a WHERE a.id = ANY (account_ids) ORDER BY a.id FOR NO KEY UPDATE
  LOOP
    at := clock_timestamp();
    RETURN NEXT;
  END LOOP;
  IF NOT FOUND THEN
    at := clock_timestamp();
    RETURN NEXT;
  END IF;
END $$;

-- Money enters and leaves through these: funding is a transfer from cash-clearing.
INSERT INTO ledger.accounts (id, owner, currency, type)
SELECT name || ':' || lower(code), 'system', code, type
  FROM ledger.currencies, (VALUES ('cash-clearing', 'asset'), ('equity', 'equity')) AS system_account (name, type);

-- What each role may do. The service itself can append and move balances, and nothing else: no change of
-- the journal, no DDL, no balance at birth. Roles are made by whoever runs the server; absent ones are skipped.
REVOKE ALL ON ALL TABLES IN SCHEMA ledger FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ledger FROM PUBLIC;
DO $$
DECLARE
  reader text;
BEGIN
  FOREACH reader IN ARRAY ARRAY['ledger_app', 'ledger_readonly', 'airpay_recovery'] LOOP
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = reader) THEN
      EXECUTE format('GRANT USAGE ON SCHEMA ledger TO %I', reader);
      EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA ledger TO %I', reader);
    END IF;
  END LOOP;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'ledger_app') THEN
    GRANT INSERT (id, owner, currency, type, min_available_minor) ON ledger.accounts TO ledger_app;
    GRANT UPDATE (posted_minor, version) ON ledger.accounts TO ledger_app;
    GRANT INSERT ON ledger.transfers, ledger.entries, ledger.idempotency_keys TO ledger_app;
    GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ledger TO ledger_app;
  END IF;
END $$;
