-- What the cache in Redis must ask the database for (docs/adr/0075). Nothing here moves money; every tenant's accounts are
-- returned, as the writer's own load() does, so only the service may call it.

-- Known to this database alone, never to Redis: whoever can only write to Redis cannot make an entry that is believed.
CREATE TABLE ledger.cache_secret (
  one    boolean PRIMARY KEY DEFAULT true CHECK (one),
  secret bytea NOT NULL CHECK (length(secret) = 32)
);
INSERT INTO ledger.cache_secret (secret) VALUES (sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')));

-- The name of the history that this server is writing now, the key that seals entries of it, and how far it has come. No row on a
-- standby. The name is another one on another database, on another timeline (a promotion, planned or not, or a restore to
-- a point in time) and after every start of the server (a restored copy of its files keeps the timeline): what was cached
-- from commits that a failover lost is then not found any more. A primary's three never change while it runs.
CREATE FUNCTION ledger.cache_epoch() RETURNS TABLE (epoch text, seal_key bytea, "position" bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, ledger, pg_temp AS $$
BEGIN
  IF pg_is_in_recovery() THEN
    RETURN;
  END IF;
  RETURN QUERY
    SELECT left(encode(sha256('name'::bytea || l.life), 'hex'), 24), sha256('seal'::bytea || l.life), h.position
      FROM ledger.head h,
           (SELECT s.secret || int8send(d.oid::bigint) || convert_to(left(pg_walfile_name(pg_current_wal_insert_lsn()), 8), 'UTF8')
                   || int8send((extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint) AS life
              FROM ledger.cache_secret s, pg_database d WHERE d.datname = current_database()) l;
END $$;

-- Where a reader of the journal has to begin who must not miss what was committed in the last so many seconds.
CREATE FUNCTION ledger.cache_begin(_seconds int) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, ledger, pg_temp AS $$
  SELECT coalesce((SELECT c.first_position - 1 FROM ledger.chain c WHERE c.at >= clock_timestamp() - _seconds * interval '1 second' ORDER BY c.at LIMIT 1),
                  (SELECT h.position FROM ledger.head h))
$$;

-- The accounts that the rows after `_after` up to `_upto` touched, as they are now: at least as new as those rows.
CREATE FUNCTION ledger.cache_changes(_after bigint, _upto bigint) RETURNS TABLE (tenant text, id text, version bigint, posted bigint, pending_out bigint, pending_in bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, ledger, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
  SELECT a.tenant, a.id, a.version, a.posted_minor, a.pending_out_minor, a.pending_in_minor
    FROM (SELECT j.debit AS number FROM ledger.journal j WHERE j.position > _after AND j.position <= _upto AND j.debit IS NOT NULL
          UNION
          SELECT j.credit FROM ledger.journal j WHERE j.position > _after AND j.position <= _upto AND j.credit IS NOT NULL) t
    JOIN ledger.accounts a ON a.number = t.number
$$;

-- All accounts, page by page, to rebuild from.
CREATE FUNCTION ledger.cache_page(_after_number bigint, _limit int) RETURNS TABLE (number bigint, tenant text, id text, version bigint, posted bigint, pending_out bigint, pending_in bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, ledger, pg_temp AS $$
  SELECT a.number, a.tenant, a.id, a.version, a.posted_minor, a.pending_out_minor, a.pending_in_minor
    FROM ledger.accounts a WHERE a.number > _after_number ORDER BY a.number LIMIT _limit
$$;

-- These accounts as they are now: to hold against what a cache says about them.
CREATE FUNCTION ledger.cache_accounts(_tenants text[], _ids text[]) RETURNS TABLE (tenant text, id text, version bigint, posted bigint, pending_out bigint, pending_in bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, ledger, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
  SELECT a.tenant, a.id, a.version, a.posted_minor, a.pending_out_minor, a.pending_in_minor
    FROM unnest(_tenants, _ids) AS x (tenant, id) JOIN ledger.accounts a ON a.tenant = x.tenant AND a.id = x.id
$$;

REVOKE ALL ON FUNCTION ledger.cache_epoch, ledger.cache_begin, ledger.cache_changes, ledger.cache_page, ledger.cache_accounts FROM PUBLIC;
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'ledger_app') THEN
    GRANT EXECUTE ON FUNCTION ledger.cache_epoch, ledger.cache_begin, ledger.cache_changes, ledger.cache_page, ledger.cache_accounts TO ledger_app;
  END IF;
END $$;
