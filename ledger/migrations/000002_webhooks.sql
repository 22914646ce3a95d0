-- Webhooks. The journal is the outbox: nothing is written here with the money. A relay reads the journal behind a cursor,
-- notes for each event who is to have it, and sends. Positions are in commit order and without a gap, so a cursor misses nothing.
--
-- The service reads its callers' tenants under row-level security and changes these tables through functions only. What the
-- relay does spans tenants and is fenced: each of its functions refuses a relay that does not hold the lease any more.

CREATE TABLE ledger.webhook_endpoints (
  id              text COLLATE "C" PRIMARY KEY CHECK (id ~ '^we_[0-9a-f]{32}$'),
  tenant          text COLLATE "C" NOT NULL CHECK (tenant ~ '^[a-z][a-z0-9-]{0,31}$'),
  url             text NOT NULL CHECK (length(url) BETWEEN 1 AND 500),
  kinds           text[] NOT NULL CHECK (cardinality(kinds) BETWEEN 1 AND 32), -- of the journal; {*} is all
  max_in_flight   smallint NOT NULL CHECK (max_in_flight BETWEEN 1 AND 4),
  secret          text NOT NULL CHECK (length(secret) <= 500), -- sealed with a key that is not in the database
  previous_secret text CHECK (length(previous_secret) <= 500), -- signs too until `previous_until`
  previous_until  timestamptz,
  -- NULL: gets events as the relay reads them. A position: has been given everything up to here and is catching up with the relay.
  cursor          bigint CHECK (cursor >= 0),
  first_position  bigint NOT NULL CHECK (first_position > 0), -- it has been, or will be, given everything from here on
  failing_since   timestamptz, -- NULL: its last attempt was answered 2xx
  created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  disabled_at     timestamptz, -- NULL: in use
  UNIQUE (id, tenant) -- target of the deliveries' key: nobody is owed another tenant's event
);
CREATE INDEX webhook_endpoints_in_use ON ledger.webhook_endpoints (tenant) WHERE disabled_at IS NULL;
CREATE INDEX webhook_endpoints_behind ON ledger.webhook_endpoints (cursor) WHERE cursor IS NOT NULL AND disabled_at IS NULL;

CREATE TABLE ledger.webhook_deliveries (
  endpoint        text COLLATE "C" NOT NULL,
  position        bigint NOT NULL, -- of the event in the journal
  tenant          text COLLATE "C" NOT NULL, -- of the event
  state           text COLLATE "C" NOT NULL CHECK (state IN ('pending', 'delivered', 'dead')),
  attempts        smallint NOT NULL DEFAULT 0 CHECK (attempts >= 0), -- answered or given up so far
  next_attempt_at timestamptz,
  last_attempt_at timestamptz,
  last_status     smallint, -- of HTTP; NULL when there was no answer
  last_error      text CHECK (length(last_error) <= 200), -- our words, never the consumer's
  created_at      timestamptz NOT NULL,
  PRIMARY KEY (endpoint, position),
  CONSTRAINT webhook_deliveries_own_tenant FOREIGN KEY (endpoint, tenant) REFERENCES ledger.webhook_endpoints (id, tenant),
  CONSTRAINT webhook_deliveries_scheduled CHECK ((state = 'pending') = (next_attempt_at IS NOT NULL))
);
CREATE INDEX webhook_deliveries_due ON ledger.webhook_deliveries (next_attempt_at, position) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_pending ON ledger.webhook_deliveries (endpoint, position) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_dead ON ledger.webhook_deliveries (endpoint, position) WHERE state = 'dead';
CREATE INDEX webhook_deliveries_done ON ledger.webhook_deliveries (last_attempt_at) WHERE state <> 'pending';

-- Answers to replay. They hold secrets, so they are sealed.
CREATE TABLE ledger.webhook_requests (
  tenant       text COLLATE "C" NOT NULL,
  key          text COLLATE "C" NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
  request_hash bytea NOT NULL CHECK (length(request_hash) = 32),
  status       smallint NOT NULL CHECK (status BETWEEN 200 AND 299),
  answer       text NOT NULL CHECK (length(answer) <= 8000),
  actor        text NOT NULL,
  request_id   uuid NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (tenant, key)
);

-- How far the journal has been handed out. What was written before there were webhooks is not: nobody had asked for it.
CREATE TABLE ledger.webhook_relay (
  one    boolean PRIMARY KEY DEFAULT true CHECK (one),
  cursor bigint NOT NULL
);
INSERT INTO ledger.webhook_relay (cursor) SELECT position FROM ledger.head;

-- An account that was asked for again and existed is in the journal, answered 200, but it is no event.
CREATE FUNCTION ledger.webhook_wants(kinds text[], kind ledger.kind, status smallint) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT (kinds = '{*}' OR kind::text = ANY (kinds)) AND (kind <> 'account' OR status = 201)
$$;

-- The first step of every change by a caller. Changes of one tenant happen one after another, so the limit and the key are looked at
-- in peace. The relay's row is locked too: it must not hand out to an endpoint that is being changed.
CREATE FUNCTION ledger.webhook_begin(_tenant text, _key text, OUT hash bytea, OUT status smallint, OUT answer text) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('webhooks ' || _tenant, 0));
  SELECT r.request_hash, r.status, r.answer INTO hash, status, answer FROM ledger.webhook_requests r WHERE r.tenant = _tenant AND r.key = _key;
  IF NOT FOUND THEN
    PERFORM 1 FROM ledger.webhook_relay w WHERE w.one FOR UPDATE;
  ELSE
    -- As in ledger.load: a replay is acknowledged only once the standby has what it replays.
    PERFORM pg_logical_emit_message(true, 'ledger', 'replay');
  END IF;
END $$;

-- One change of a caller with the answer to replay, all or nothing. `what`:
--   create   _endpoint, and _details {url, kinds, maxInFlight, secret, cursor, createdAt, limit}
--   rotate   _details {secret, previousUntil}: until then the old one signs too
--   disable  also gives up what is pending
--   replay   _details {cursor}: everything after this position again
--   retry    _position: one delivery again, whatever became of it, with all its attempts
--   look     nothing: only whether the key was used
-- `outcome`: done, replayed (then hash, status and answer are the stored ones), unknown, limit.
CREATE FUNCTION ledger.webhook_change(
  what text, _tenant text, _actor text, _request uuid, _key text, _hash bytea, _status smallint, _answer text,
  _endpoint text, _position bigint, _details jsonb,
  OUT outcome text, OUT hash bytea, OUT status smallint, OUT answer text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, ledger, pg_temp SET jit = off AS $$
BEGIN
  SELECT b.hash, b.status, b.answer INTO hash, status, answer FROM ledger.webhook_begin(_tenant, _key) b;
  IF hash IS NOT NULL THEN
    outcome := 'replayed';
    RETURN;
  END IF;
  outcome := 'unknown';
  CASE what
    WHEN 'look' THEN
      RETURN;
    WHEN 'create' THEN
      IF (SELECT count(*) FROM ledger.webhook_endpoints e WHERE e.tenant = _tenant AND e.disabled_at IS NULL) >= (_details ->> 'limit')::int THEN
        outcome := 'limit';
        RETURN;
      END IF;
      INSERT INTO ledger.webhook_endpoints (id, tenant, url, kinds, max_in_flight, secret, cursor, first_position, created_at)
      VALUES (_endpoint, _tenant, _details ->> 'url', ARRAY(SELECT jsonb_array_elements_text(_details -> 'kinds')), (_details ->> 'maxInFlight')::smallint, _details ->> 'secret', (_details ->> 'cursor')::bigint, (_details ->> 'cursor')::bigint + 1, (_details ->> 'createdAt')::timestamptz);
    WHEN 'rotate' THEN
      UPDATE ledger.webhook_endpoints e
         SET previous_secret = e.secret, previous_until = (_details ->> 'previousUntil')::timestamptz, secret = _details ->> 'secret'
       WHERE e.id = _endpoint AND e.tenant = _tenant AND e.disabled_at IS NULL;
    WHEN 'disable' THEN
      UPDATE ledger.webhook_deliveries d SET state = 'dead', next_attempt_at = NULL, last_error = 'the endpoint was removed', last_attempt_at = coalesce(d.last_attempt_at, clock_timestamp())
       WHERE d.endpoint = _endpoint AND d.tenant = _tenant AND d.state = 'pending';
      UPDATE ledger.webhook_endpoints e SET disabled_at = clock_timestamp(), previous_secret = NULL, secret = ''
       WHERE e.id = _endpoint AND e.tenant = _tenant AND e.disabled_at IS NULL;
    WHEN 'replay' THEN
      -- Also when it was catching up already, from further back: the further one stays.
      UPDATE ledger.webhook_endpoints e SET cursor = least(e.cursor, (_details ->> 'cursor')::bigint), first_position = least(e.first_position, (_details ->> 'cursor')::bigint + 1)
       WHERE e.id = _endpoint AND e.tenant = _tenant AND e.disabled_at IS NULL;
    WHEN 'retry' THEN
      UPDATE ledger.webhook_deliveries d SET state = 'pending', attempts = 0, next_attempt_at = clock_timestamp()
        FROM ledger.webhook_endpoints e
       WHERE d.endpoint = _endpoint AND d.tenant = _tenant AND d.position = _position AND e.id = d.endpoint AND e.disabled_at IS NULL;
  END CASE;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  INSERT INTO ledger.webhook_requests (tenant, key, request_hash, status, answer, actor, request_id) VALUES (_tenant, _key, _hash, _status, _answer, _actor, _request);
  outcome := 'done';
END $$;

-- True while the caller holds the relay's lease; then nobody takes it over before this transaction ends.
CREATE FUNCTION ledger.webhook_holds(_holder text, _epoch bigint) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM ledger.leases l WHERE l.name = 'webhooks' AND l.holder = _holder AND l.epoch = _epoch FOR SHARE;
  RETURN FOUND;
END $$;

-- Hands the next _rows positions of the journal to the endpoints that want them. It writes, so its commit waits for the
-- synchronous standby, which then has everything before it too: no event goes out that a failover could take back.
-- An endpoint with _pending_max deliveries waiting is left behind here and goes on catching up by itself.
-- `behind`: positions that are still unread. NULL: the lease is lost.
CREATE FUNCTION ledger.webhook_hand_out(_holder text, _epoch bigint, _rows int, _pending_max int, OUT behind bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, ledger, pg_temp SET jit = off AS $$
DECLARE
  begun bigint;
  upto bigint;
  touched text[];
BEGIN
  IF NOT ledger.webhook_holds(_holder, _epoch) THEN RETURN; END IF;
  SELECT w.cursor INTO begun FROM ledger.webhook_relay w WHERE w.one FOR UPDATE;
  SELECT least(h.position, begun + _rows), greatest(h.position - begun - _rows, 0) INTO upto, behind FROM ledger.head h;
  IF upto <= begun THEN RETURN; END IF;
  WITH added AS (
    INSERT INTO ledger.webhook_deliveries (endpoint, position, tenant, state, next_attempt_at, created_at)
    SELECT e.id, j.position, j.tenant, 'pending', now(), now()
      FROM ledger.journal j
      JOIN ledger.webhook_endpoints e ON e.tenant = j.tenant AND ledger.webhook_wants(e.kinds, j.kind, j.status)
     WHERE j.position > begun AND j.position <= upto AND e.disabled_at IS NULL AND e.cursor IS NULL
    ON CONFLICT DO NOTHING
    RETURNING endpoint)
  SELECT array_agg(DISTINCT a.endpoint) INTO touched FROM added a;
  UPDATE ledger.webhook_endpoints e SET cursor = upto
   WHERE e.id = ANY (touched)
     AND (SELECT count(*) FROM (SELECT FROM ledger.webhook_deliveries d WHERE d.endpoint = e.id AND d.state = 'pending' LIMIT _pending_max) p) >= _pending_max;
  UPDATE ledger.webhook_relay w SET cursor = upto WHERE w.one;
END $$;

-- Endpoints that begin, replay or were left behind, up to _endpoints of them, each over the next _rows positions. Those with the least
-- to go come first. Returns how many moved; NULL: the lease is lost.
CREATE FUNCTION ledger.webhook_catch_up(_holder text, _epoch bigint, _rows int, _pending_max int, _endpoints int, OUT moved int)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, ledger, pg_temp SET jit = off AS $$
DECLARE
  handed bigint;
  one record;
  upto bigint;
  found_positions bigint[];
BEGIN
  IF NOT ledger.webhook_holds(_holder, _epoch) THEN RETURN; END IF;
  moved := 0;
  SELECT w.cursor INTO handed FROM ledger.webhook_relay w WHERE w.one FOR UPDATE;
  FOR one IN
    SELECT e.id, e.tenant, e.kinds, e.cursor, _pending_max - p.waiting AS room
      FROM ledger.webhook_endpoints e
      CROSS JOIN LATERAL (SELECT count(*)::int AS waiting FROM (SELECT FROM ledger.webhook_deliveries d WHERE d.endpoint = e.id AND d.state = 'pending' LIMIT _pending_max) s) p
     WHERE e.cursor <= handed AND e.disabled_at IS NULL AND p.waiting <= _pending_max / 2
     ORDER BY e.cursor DESC LIMIT _endpoints
  LOOP
    upto := least(handed, one.cursor + _rows);
    found_positions := ARRAY(
      SELECT j.position FROM ledger.journal j
       WHERE j.position > one.cursor AND j.position <= upto AND j.tenant = one.tenant AND ledger.webhook_wants(one.kinds, j.kind, j.status)
       ORDER BY j.position LIMIT one.room);
    IF cardinality(found_positions) = one.room THEN
      upto := found_positions[one.room];
    END IF;
    INSERT INTO ledger.webhook_deliveries AS d (endpoint, position, tenant, state, next_attempt_at, created_at)
    SELECT one.id, j.position, j.tenant, 'pending', now(), now() FROM ledger.journal j WHERE j.position = ANY (found_positions)
    ON CONFLICT (endpoint, position) DO UPDATE SET state = 'pending', attempts = 0, next_attempt_at = excluded.next_attempt_at WHERE d.state <> 'pending';
    UPDATE ledger.webhook_endpoints e SET cursor = CASE WHEN upto < handed THEN upto END WHERE e.id = one.id;
    moved := moved + 1;
  END LOOP;
END $$;

-- What is to be sent now, oldest first, with all that sending needs. Endpoints in _except are left out: they have enough.
CREATE FUNCTION ledger.webhook_due(_except text[], _limit int)
RETURNS TABLE (endpoint text, tenant text, attempts smallint, url text, secret text, previous_secret text, max_in_flight smallint, failing boolean, event_id text, row_json json)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, ledger, pg_temp SET jit = off AS $$
  SELECT d.endpoint, d.tenant, d.attempts, e.url, e.secret, CASE WHEN e.previous_until > now() THEN e.previous_secret END, e.max_in_flight, e.failing_since IS NOT NULL,
         ledger.public_id('ev', j.created_at, j.position), ledger.row_json(j, a.id, coalesce(a.currency, b.currency), b.id, NULL)
    FROM (SELECT x.* FROM ledger.webhook_deliveries x
           WHERE x.state = 'pending' AND x.next_attempt_at <= now() AND x.endpoint <> ALL (_except)
           ORDER BY x.next_attempt_at, x.position LIMIT _limit) d
    JOIN ledger.webhook_endpoints e ON e.id = d.endpoint
    JOIN ledger.journal j ON j.position = d.position
    LEFT JOIN ledger.accounts a ON a.number = j.debit
    LEFT JOIN ledger.accounts b ON b.number = j.credit
   ORDER BY d.next_attempt_at, d.position
$$;

-- How attempts ended. Counts only where the delivery still stands as it did when it was sent: somebody may have asked for it again.
-- _next_ms: when to try again; NULL after the last attempt. Returns how many counted; NULL: the lease is lost, nothing was written.
CREATE FUNCTION ledger.webhook_record(_holder text, _epoch bigint, _endpoints text[], _positions bigint[], _attempts smallint[], _delivered boolean[], _next_ms bigint[], _statuses smallint[], _errors text[], OUT counted int)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, ledger, pg_temp SET jit = off AS $$
BEGIN
  IF NOT ledger.webhook_holds(_holder, _epoch) THEN RETURN; END IF;
  UPDATE ledger.webhook_deliveries d
     SET state = CASE WHEN x.delivered THEN 'delivered' WHEN x.next_ms IS NULL THEN 'dead' ELSE 'pending' END,
         attempts = d.attempts + 1, last_attempt_at = clock_timestamp(), last_status = x.status, last_error = x.error,
         next_attempt_at = CASE WHEN NOT x.delivered THEN clock_timestamp() + x.next_ms * interval '1 millisecond' END
    FROM unnest(_endpoints, _positions, _attempts, _delivered, _next_ms, _statuses, _errors) AS x (endpoint, position, attempts, delivered, next_ms, status, error)
   WHERE d.endpoint = x.endpoint AND d.position = x.position AND d.state = 'pending' AND d.attempts = x.attempts;
  GET DIAGNOSTICS counted = ROW_COUNT;
  UPDATE ledger.webhook_endpoints e SET failing_since = CASE WHEN x.delivered THEN NULL ELSE clock_timestamp() END
    FROM (SELECT u.endpoint, bool_or(u.delivered) AS delivered FROM unnest(_endpoints, _delivered) AS u (endpoint, delivered) GROUP BY u.endpoint) x
   WHERE e.id = x.endpoint AND (e.failing_since IS NULL) <> x.delivered;
END $$;

-- Forgets what was delivered long ago; dead letters stay longer. The events themselves stay in the journal for good.
CREATE FUNCTION ledger.webhook_prune(_holder text, _epoch bigint, _keep_delivered_ms bigint, _keep_dead_ms bigint, _limit int, OUT pruned int)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, ledger, pg_temp SET jit = off AS $$
BEGIN
  IF NOT ledger.webhook_holds(_holder, _epoch) THEN RETURN; END IF;
  DELETE FROM ledger.webhook_deliveries d USING (
    SELECT s.endpoint, s.position FROM ledger.webhook_deliveries s
     WHERE s.state <> 'pending' AND s.last_attempt_at < now() - CASE s.state WHEN 'dead' THEN _keep_dead_ms ELSE _keep_delivered_ms END * interval '1 millisecond'
       AND s.last_attempt_at < now() - least(_keep_dead_ms, _keep_delivered_ms) * interval '1 millisecond'
     LIMIT _limit) old
   WHERE d.endpoint = old.endpoint AND d.position = old.position AND d.state <> 'pending';
  GET DIAGNOSTICS pruned = ROW_COUNT;
END $$;

-- Over all tenants, for the gauges. `lag_seconds`: the age of the oldest event that has not been handed out, or how long the oldest
-- delivery that is due has been waiting, whichever is more. Waiting for a retry is not lag, nor is what a consumer that fails
-- has not taken yet. Counting stops at 100,000.
CREATE FUNCTION ledger.webhook_readings(OUT lag_positions bigint, OUT lag_seconds double precision, OUT pending bigint, OUT dead bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, ledger, pg_temp SET jit = off AS $$
  SELECT h.position - w.cursor,
         greatest(0, extract(epoch FROM now() - (SELECT j.created_at FROM ledger.journal j WHERE j.position = w.cursor + 1)),
                     extract(epoch FROM now() - (SELECT d.next_attempt_at FROM ledger.webhook_deliveries d JOIN ledger.webhook_endpoints e ON e.id = d.endpoint WHERE d.state = 'pending' AND e.failing_since IS NULL ORDER BY d.next_attempt_at LIMIT 1)))::double precision,
         (SELECT count(*) FROM (SELECT FROM ledger.webhook_deliveries d WHERE d.state = 'pending' LIMIT 100000) p),
         (SELECT count(*) FROM (SELECT FROM ledger.webhook_deliveries d JOIN ledger.webhook_endpoints e ON e.id = d.endpoint WHERE d.state = 'dead' AND e.disabled_at IS NULL LIMIT 100000) x)
    FROM ledger.webhook_relay w, ledger.head h
$$;

REVOKE ALL ON ledger.webhook_endpoints, ledger.webhook_deliveries, ledger.webhook_requests, ledger.webhook_relay FROM PUBLIC;
REVOKE ALL ON FUNCTION ledger.webhook_wants, ledger.webhook_begin, ledger.webhook_change, ledger.webhook_holds, ledger.webhook_hand_out, ledger.webhook_catch_up, ledger.webhook_due, ledger.webhook_record, ledger.webhook_prune, ledger.webhook_readings FROM PUBLIC;
ALTER TABLE ledger.webhook_endpoints ENABLE ROW LEVEL SECURITY;
ALTER TABLE ledger.webhook_deliveries ENABLE ROW LEVEL SECURITY;
ALTER TABLE ledger.webhook_requests ENABLE ROW LEVEL SECURITY;
DO $$
DECLARE
  reader text;
  one text;
BEGIN
  FOREACH reader IN ARRAY ARRAY['ledger_app', 'ledger_readonly', 'airpay_recovery'] LOOP
    CONTINUE WHEN NOT EXISTS (SELECT FROM pg_roles WHERE rolname = reader);
    -- Not the secrets, though they are sealed: who only looks has no use for them.
    EXECUTE format('GRANT SELECT (id, tenant, url, kinds, max_in_flight, previous_until, cursor, first_position, failing_since, created_at, disabled_at) ON ledger.webhook_endpoints TO %I', reader);
    EXECUTE format('GRANT SELECT (tenant, key, request_hash, status, actor, request_id, created_at) ON ledger.webhook_requests TO %I', reader);
    EXECUTE format('GRANT SELECT ON ledger.webhook_deliveries, ledger.webhook_relay TO %I', reader);
    EXECUTE format('GRANT EXECUTE ON FUNCTION ledger.webhook_readings, ledger.webhook_wants TO %I', reader);
    FOREACH one IN ARRAY ARRAY['webhook_endpoints', 'webhook_deliveries', 'webhook_requests'] LOOP
      EXECUTE format('CREATE POLICY %I ON ledger.%I FOR SELECT TO %I USING (%s)', one || '_' || reader, one, reader,
        CASE reader WHEN 'ledger_app' THEN 'tenant = current_setting(''ledger.tenant'', true)' ELSE 'true' END);
    END LOOP;
  END LOOP;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'ledger_app') THEN
    GRANT EXECUTE ON FUNCTION ledger.webhook_change, ledger.webhook_hand_out, ledger.webhook_catch_up, ledger.webhook_due, ledger.webhook_record, ledger.webhook_prune TO ledger_app;
  END IF;
END $$;
