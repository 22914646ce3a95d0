-- The ledger's roles. Passwords are set by whoever runs this (Ansible, the local platform): none stands here.
-- Safe to run again.
DO $$
DECLARE
  wanted text;
BEGIN
  FOREACH wanted IN ARRAY ARRAY['ledger_owner', 'ledger_migrator', 'ledger_app', 'ledger_readonly', 'airpay_recovery'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
      EXECUTE format('CREATE ROLE %I', wanted);
    END IF;
  END LOOP;
END $$;

-- Nobody logs in as the owner of the tables. Migrations log in as a role that has no power but to become the owner, and does so
-- in every session: whatever it makes belongs to the owner.
ALTER ROLE ledger_owner NOLOGIN NOINHERIT PASSWORD NULL;
ALTER ROLE ledger_migrator LOGIN NOINHERIT;
GRANT ledger_owner TO ledger_migrator;
ALTER ROLE ledger_migrator SET role = 'ledger_owner';
ALTER ROLE ledger_app LOGIN;
ALTER ROLE ledger_readonly LOGIN;
ALTER ROLE airpay_recovery LOGIN;

-- A region switch looks at replication, ends sessions and reads what was paid; it moves no money.
GRANT pg_monitor, pg_signal_backend TO airpay_recovery;

-- A query that hangs must not hold the pool: the ledger sets tighter limits of its own.
ALTER ROLE ledger_app SET statement_timeout = '30s';
ALTER ROLE ledger_app SET idle_in_transaction_session_timeout = '30s';
ALTER ROLE ledger_readonly SET default_transaction_read_only = on;
ALTER ROLE ledger_readonly SET statement_timeout = '60s';
ALTER ROLE airpay_recovery SET statement_timeout = '30s';
