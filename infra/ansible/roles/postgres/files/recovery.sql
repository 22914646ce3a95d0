-- In database ledger: what a region switch writes there. Safe to run again.
REVOKE CONNECT, TEMPORARY ON DATABASE ledger FROM PUBLIC;
GRANT CONNECT ON DATABASE ledger TO ledger_migrator, ledger_app, ledger_readonly, airpay_recovery;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE SCHEMA IF NOT EXISTS recovery;
GRANT USAGE ON SCHEMA recovery TO airpay_recovery;
-- One row says "this region took a write now". A fenced region refuses it: that is the proof of the fence.
CREATE TABLE IF NOT EXISTS recovery.fence_probe (
  region text NOT NULL,
  at     timestamptz NOT NULL DEFAULT now()
);
GRANT INSERT, SELECT, DELETE ON recovery.fence_probe TO airpay_recovery;
