/**
 * The audit: what must be true of the whole journal, asked of the journal itself. The database refuses each of these faults
 * when it is written; the audit trusts nothing and reads everything. docs/adr/0076 has the list of invariants and what
 * proves those that stored data cannot show.
 */
import { batchDigest, type Written } from '../domain/chain.ts';
import type { PlacedRow } from '../domain/model.ts';
import { toPlacedRow, type RowJson } from '../domain/rowJson.ts';

export interface Check {
  name: string;
  /** What holds when it passes. */
  claim: string;
  /** Counts what it looked at: a check that saw nothing has proven nothing. */
  countSql: string;
  /** One row per fault, told in column `fault`. */
  faultSql: string;
  /** Several checks share this `faultSql`, which is run once; its column `name` says whose fault it is. */
  shared?: true;
  /** A table without which there is nothing to look at. */
  needs?: string;
}

export interface CheckResult {
  name: string;
  claim: string;
  checked: number;
  faults: number;
  /** The first few, in words. */
  examples: string[];
}

/** The part of a connection that is needed; the caller holds one snapshot for all checks. */
export interface Reader {
  query(sql: string, values?: unknown[]): Promise<{ rows: Record<string, unknown>[] }>;
}

const examplesMax = 10;
const allRows = 'SELECT count(*) FROM ledger.journal';
const allLegs = 'SELECT count(debit) + count(credit) AS count FROM ledger.journal';
const allAccounts = 'SELECT count(*) FROM ledger.accounts';
const allLinks = 'SELECT count(*) FROM ledger.chain';
const allHolds = "SELECT count(*) FROM ledger.journal WHERE kind = 'hold'";
const allFollowing = 'SELECT count(*) FROM ledger.journal WHERE payment IS NOT NULL';

const legs = `(
  SELECT j.position, j.kind, j.tenant, j.amount_minor::numeric AS amount, j.created_at, true AS debits, j.debit AS account, j.debit_version AS version, j.debit_balance_minor::numeric AS balance FROM ledger.journal j WHERE j.debit IS NOT NULL
  UNION ALL
  SELECT j.position, j.kind, j.tenant, j.amount_minor::numeric, j.created_at, false, j.credit, j.credit_version, j.credit_balance_minor::numeric FROM ledger.journal j WHERE j.credit IS NOT NULL) l`;
/** What a leg does to its account's posted balance, and to what is pending on it. */
const change = 'CASE WHEN NOT ledger.posts(l.kind) THEN 0 WHEN l.debits = a.debit_normal THEN l.amount ELSE -l.amount END';
const pending = "CASE WHEN l.kind = 'hold' THEN l.amount WHEN l.kind IN ('capture', 'void', 'expiry') THEN -l.amount ELSE 0 END";
/** What endpoints in use should have been given; delivered ones are forgotten after seven days. */
const wanted = `ledger.webhook_endpoints e JOIN ledger.journal j ON j.tenant = e.tenant AND j.position >= e.first_position AND ledger.webhook_wants(e.kinds, j.kind, j.status)
      JOIN ledger.webhook_relay w ON j.position <= w.cursor AND j.created_at > now() - interval '6 days' AND e.disabled_at IS NULL AND e.cursor IS NULL`;
const over = 'OVER (PARTITION BY l.account ORDER BY l.version, l.position ROWS UNBOUNDED PRECEDING)';

/** Of a leg, in the order of its account's versions, with what the ones before make. `wrong` and `tell` are SQL over those columns. */
const legChecks = [
  {
    name: 'versions-gap-free', claim: "every account's versions run from 1 without a gap, over both sides, in the journal's order",
    wrong: 'version IS DISTINCT FROM nth OR position <= position_before', tell: "format('%s/%s: position %s has version %s, it should be %s', tenant, id, position, version, nth)",
  },
  {
    name: 'running-balance', claim: 'every leg continues the balance of the one before',
    wrong: 'balance IS DISTINCT FROM before + change', tell: "format('%s/%s version %s: %s does not follow from %s by %s', tenant, id, version, balance, before, change)",
  },
  {
    name: 'floor', claim: 'no account ever had less available than its floor, after any leg',
    wrong: 'balance - pending_out < floor', tell: "format('%s/%s had %s available after version %s, its floor is %s', tenant, id, balance - pending_out, version, floor)",
  },
  {
    name: 'ceiling', claim: 'no account ever held more than its ceiling, what was on its way included, after any leg',
    wrong: 'balance + pending_in > ceiling', tell: "format('%s/%s was promised %s after version %s, its ceiling is %s', tenant, id, balance + pending_in, version, ceiling)",
  },
];
/** One walk for all of them: sorting the legs is most of the work. */
const walkSql = `SELECT v.name, v.fault
  FROM (SELECT a.tenant, a.id, a.min_available_minor AS floor, a.max_available_minor AS ceiling, l.version, l.position, l.balance, row_number() ${over} AS nth, lag(l.position) ${over} AS position_before,
               coalesce(lag(l.balance) ${over}, 0) AS before, ${change} AS change, sum(CASE WHEN l.debits = a.debit_normal THEN 0 ELSE ${pending} END) ${over} AS pending_out,
               sum(CASE WHEN l.debits = a.debit_normal THEN ${pending} ELSE 0 END) ${over} AS pending_in
          FROM ${legs} JOIN ledger.accounts a ON a.number = l.account) w,
       LATERAL (VALUES ${legChecks.map(({ name, wrong, tell }) => `('${name}', CASE WHEN ${wrong} THEN ${tell} END)`).join(', ')}) v (name, fault)
 WHERE (${legChecks.map(({ wrong }) => `(${wrong})`).join(' OR ')}) AND v.fault IS NOT NULL`;

const balanceChecks: Check[] = [
  {
    name: 'zero-sum', claim: 'debits equal credits, in every currency of every tenant', countSql: allAccounts,
    faultSql: `SELECT format('%s in %s: debits minus credits is %s', tenant, currency, difference) AS fault
      FROM (SELECT tenant, currency, sum(CASE WHEN debit_normal THEN posted_minor ELSE -posted_minor END::numeric) AS difference FROM ledger.accounts GROUP BY tenant, currency) s WHERE difference <> 0`,
  },
  {
    name: 'balance-is-sum', claim: 'every balance is the sum of its legs, every version their number', countSql: allAccounts,
    faultSql: `SELECT format('%s/%s has %s at version %s, its legs make %s at %s', a.tenant, a.id, a.posted_minor, a.version, coalesce(s.total, 0), coalesce(s.legs, 0)) AS fault
      FROM ledger.accounts a LEFT JOIN (SELECT l.account, sum(${change}) AS total, count(*) AS legs FROM ${legs} JOIN ledger.accounts a ON a.number = l.account GROUP BY l.account) s ON s.account = a.number
     WHERE a.posted_minor <> coalesce(s.total, 0) OR a.version <> coalesce(s.legs, 0)`,
  },
  {
    name: 'balance-is-last-leg', claim: 'every account stands where its last leg says', countSql: allAccounts,
    faultSql: `SELECT format('%s/%s has %s at version %s, its last leg says %s at %s', a.tenant, a.id, a.posted_minor, a.version, s.balance, s.version) AS fault
      FROM ledger.accounts a LEFT JOIN (SELECT DISTINCT ON (l.account) l.account, l.version, l.balance FROM ${legs} ORDER BY l.account, l.version DESC) s ON s.account = a.number
     WHERE a.posted_minor <> coalesce(s.balance, 0) OR a.version <> coalesce(s.version, 0)`,
  },
  ...legChecks.map(({ name, claim }) => ({ name, claim, countSql: allLegs, faultSql: walkSql, shared: true as const })),
  {
    name: 'pending-is-open-holds', claim: "every account's pending amounts are its open holds", countSql: allAccounts,
    faultSql: `SELECT format('%s/%s has %s going out and %s coming in, its open holds make %s and %s', a.tenant, a.id, a.pending_out_minor, a.pending_in_minor, coalesce(s.pending_out, 0), coalesce(s.pending_in, 0)) AS fault
      FROM ledger.accounts a LEFT JOIN (
        SELECT a.number, sum(o.minor) FILTER (WHERE o.debits <> a.debit_normal) AS pending_out, sum(o.minor) FILTER (WHERE o.debits = a.debit_normal) AS pending_in
          FROM (SELECT p.debit AS account, true AS debits, p.authorised_minor::numeric - p.captured_minor - p.released_minor AS minor FROM ledger.payments p
                UNION ALL SELECT p.credit, false, p.authorised_minor::numeric - p.captured_minor - p.released_minor FROM ledger.payments p) o
          JOIN ledger.accounts a ON a.number = o.account GROUP BY a.number) s ON s.number = a.number
     WHERE a.pending_out_minor <> coalesce(s.pending_out, 0) OR a.pending_in_minor <> coalesce(s.pending_in, 0)`,
  },
  {
    name: 'one-currency', claim: "no row moves money between currencies: both accounts are kept in one", countSql: allRows,
    faultSql: `SELECT format('position %s debits %s and credits %s', j.position, d.currency, c.currency) AS fault
      FROM ledger.journal j LEFT JOIN ledger.accounts d ON d.number = j.debit LEFT JOIN ledger.accounts c ON c.number = j.credit WHERE j.debit IS NOT NULL AND d.currency IS DISTINCT FROM c.currency`,
  },
  {
    name: 'one-tenant', claim: "every row's accounts exist and are its tenant's", countSql: allLegs,
    faultSql: `SELECT format('position %s of %s touches account %s of %s', l.position, l.tenant, l.account, coalesce(a.tenant, 'nobody')) AS fault
      FROM ${legs} LEFT JOIN ledger.accounts a ON a.number = l.account WHERE a.tenant IS DISTINCT FROM l.tenant`,
  },
  {
    name: 'accounts-opened', claim: 'every account is as its opening in the journal says, under the number of its place there, and every opening has its account', countSql: allAccounts,
    faultSql: `SELECT format('account %s (%s/%s) is not what position %s opened', a.number, a.tenant, a.id, j.position) AS fault
      FROM ledger.accounts a FULL JOIN (SELECT j.position, j.tenant, j.created_at, j.answer::jsonb AS said FROM ledger.journal j WHERE j.kind = 'account' AND j.status = 201) j ON j.position = a.number
     WHERE a.number IS NULL OR j.position IS NULL OR a.tenant <> j.tenant OR a.created_at <> j.created_at
        OR (j.said - '{postedMinor,availableMinor,pendingMinor,incomingMinor,version}'::text[]) IS DISTINCT FROM jsonb_build_object('id', a.id, 'owner', a.owner, 'currency', a.currency, 'type', a.type,
           'minAvailableMinor', a.min_available_minor::text, 'maxAvailableMinor', a.max_available_minor::text, 'metadata', coalesce(a.metadata::jsonb, '{}'))`,
  },
  {
    name: 'clearing', claim: 'every account whose metadata says clearingDays was at zero within so many days before the last batch', countSql: "SELECT count(*) FROM ledger.accounts WHERE metadata ->> 'clearingDays' ~ '^[0-9]{1,4}$'",
    faultSql: `SELECT format('%s/%s holds %s, and was not at zero since %s', a.tenant, a.id, a.posted_minor, coalesce(z.at, f.at)) AS fault
      FROM ledger.accounts a, ledger.head h,
           LATERAL (SELECT min(l.created_at) AS at FROM ${legs} WHERE l.account = a.number) f,
           LATERAL (SELECT max(l.created_at) AS at FROM ${legs} WHERE l.account = a.number AND l.balance = 0) z
     WHERE a.metadata ->> 'clearingDays' ~ '^[0-9]{1,4}$' AND a.posted_minor <> 0 AND coalesce(z.at, f.at) < h.at - (a.metadata ->> 'clearingDays')::int * interval '1 day'`,
  },
];

/** Rows that follow a hold or a transfer, with how far it is captured, released and given back after each. */
const followed = `(
  SELECT j.position, j.kind, j.created_at, j.amount_minor::numeric AS amount, j.payment, o.kind AS of_kind, o.amount_minor::numeric AS authorised, o.expires_at,
         CASE WHEN o.kind = 'hold' THEN coalesce(sum(j.amount_minor) FILTER (WHERE j.kind = 'capture') OVER w, 0) ELSE o.amount_minor END AS captured,
         coalesce(sum(j.amount_minor) FILTER (WHERE j.kind IN ('void', 'expiry')) OVER w, 0) AS released,
         coalesce(sum(j.amount_minor) FILTER (WHERE j.kind IN ('refund', 'reversal')) OVER w, 0) AS refunded
    FROM ledger.journal j JOIN ledger.journal o ON o.position = j.payment
  WINDOW w AS (PARTITION BY j.payment ORDER BY j.position ROWS UNBOUNDED PRECEDING)) f`;

const paymentChecks: Check[] = [
  {
    name: 'holds-kept', claim: 'every hold has its state, and every state its hold or its transfer, with the same accounts and amount', countSql: 'SELECT count(*) FROM ledger.payments',
    faultSql: `SELECT format('payment %s is not as position %s says', p.position, j.position) AS fault
      FROM ledger.payments p FULL JOIN (SELECT * FROM ledger.journal WHERE kind = 'hold') h ON h.position = p.position LEFT JOIN ledger.journal j ON j.position = coalesce(p.position, h.position)
     WHERE p.position IS NULL OR j.position IS NULL OR (p.tenant, p.debit, p.credit, p.authorised_minor) IS DISTINCT FROM (j.tenant, j.debit, j.credit, j.amount_minor) OR p.expires_at IS DISTINCT FROM j.expires_at
        OR (j.kind = 'hold') <> (j.expires_at IS NOT NULL) OR (j.kind <> 'hold' AND (NOT ledger.posts(j.kind) OR p.captured_minor <> p.authorised_minor))`,
  },
  {
    name: 'payments-are-sums', claim: 'what is captured, released and given back of every payment is the sum of its rows', countSql: 'SELECT count(*) FROM ledger.payments',
    faultSql: `SELECT format('payment %s: captured %s, released %s, refunded %s; its rows make %s, %s, %s', coalesce(p.position, s.payment), p.captured_minor, p.released_minor, p.refunded_minor, s.captured, s.released, s.refunded) AS fault
      FROM ledger.payments p FULL JOIN (
        SELECT j.payment, coalesce(sum(j.amount_minor) FILTER (WHERE j.kind = 'capture'), 0) AS captured, coalesce(sum(j.amount_minor) FILTER (WHERE j.kind IN ('void', 'expiry')), 0) AS released,
               coalesce(sum(j.amount_minor) FILTER (WHERE j.kind IN ('refund', 'reversal')), 0) AS refunded FROM ledger.journal j WHERE j.payment IS NOT NULL GROUP BY j.payment) s ON s.payment = p.position
     WHERE p.position IS NULL OR p.released_minor <> coalesce(s.released, 0) OR p.refunded_minor <> coalesce(s.refunded, 0)
        OR (p.expires_at IS NOT NULL AND p.captured_minor <> coalesce(s.captured, 0)) OR (p.expires_at IS NULL AND coalesce(s.captured, 0) <> 0)`,
  },
  {
    name: 'follows-its-payment', claim: 'every capture, release and refund comes after what it refers to, of the same tenant and kind, over the same two accounts', countSql: allFollowing,
    faultSql: `SELECT format('position %s, a %s, does not fit %s at position %s', j.position, j.kind, coalesce(o.kind::text, 'nothing'), j.payment) AS fault
      FROM ledger.journal j LEFT JOIN ledger.journal o ON o.position = j.payment
     WHERE j.payment IS NOT NULL AND (o.position IS NULL OR o.position >= j.position OR o.tenant <> j.tenant
        OR CASE WHEN j.kind IN ('capture', 'void', 'expiry') THEN o.kind <> 'hold' OR (o.debit, o.credit) <> (j.debit, j.credit)
                ELSE o.kind IN ('capture', 'void', 'expiry', 'refund', 'reversal') OR (j.kind = 'reversal' AND o.kind = 'hold') OR (o.credit, o.debit) <> (j.debit, j.credit) END)`,
  },
  {
    name: 'captured-within-hold', claim: 'captured and released never exceeded the hold, after any row', countSql: allHolds,
    faultSql: `SELECT format('hold %s of %s: %s captured and %s released at position %s', payment, authorised, captured, released, position) AS fault
      FROM ${followed} WHERE of_kind = 'hold' AND captured + released > authorised`,
  },
  {
    name: 'release-is-the-rest', claim: 'a void or an expiry releases exactly what is left, an expiry not before its time, and nothing is captured afterwards', countSql: "SELECT count(*) FROM ledger.journal WHERE kind IN ('void', 'expiry')",
    faultSql: `SELECT format('position %s, a %s, leaves %s of hold %s', position, kind, authorised - captured - released, payment) AS fault
      FROM ${followed} WHERE of_kind = 'hold' AND (kind IN ('void', 'expiry') AND (captured + released <> authorised OR (kind = 'expiry' AND created_at < expires_at)) OR kind = 'capture' AND released > 0)`,
  },
  {
    name: 'refunded-within-captured', claim: 'never more was given back than had been captured, after any row; a reversal gives back all, once', countSql: "SELECT count(*) FROM ledger.journal WHERE kind IN ('refund', 'reversal')",
    faultSql: `SELECT format('payment %s: %s given back of %s at position %s', payment, refunded, captured, position) AS fault
      FROM ${followed} WHERE refunded > captured OR (kind = 'reversal' AND (amount <> authorised OR refunded <> amount))`,
  },
];

const commandChecks: Check[] = [
  {
    name: 'positions-gap-free', claim: 'the journal runs from position 1 to its head without a gap: nothing that was acknowledged has left it', countSql: allRows,
    faultSql: `SELECT format('%s rows from position %s to %s, the head is at %s', j.rows, j.first, j.last, h.position) AS fault
      FROM ledger.head h, (SELECT count(*) AS rows, coalesce(min(position), 1) AS first, coalesce(max(position), 0) AS last FROM ledger.journal) j WHERE j.first <> 1 OR j.last <> h.position OR j.rows <> h.position`,
  },
  {
    name: 'one-key', claim: 'no idempotency key was decided twice', countSql: 'SELECT count(key) FROM ledger.journal',
    faultSql: `SELECT format('key %s of %s: %s commands, from position %s to %s', key, tenant, count(*), min(position), max(position)) AS fault FROM ledger.journal WHERE key IS NOT NULL GROUP BY tenant, key HAVING count(*) > 1`,
  },
  {
    name: 'replayable', claim: 'every command has one key with the hash of its request, and what its answer needs', countSql: allRows,
    faultSql: `SELECT format('position %s, a %s, cannot be answered again', position, kind) AS fault FROM ledger.journal
     WHERE (key IS NULL) <> (leg <> 0) OR (leg = 0 AND length(request_hash) IS DISTINCT FROM 32) OR (leg <> 0 AND request_hash IS NOT NULL)
        OR (kind IN ('account', 'decline')) <> (answer IS NOT NULL) OR (answer IS NULL) <> (status IS NULL) OR answer NOT LIKE '{%}'
        OR CASE kind WHEN 'account' THEN status NOT IN (200, 201) WHEN 'decline' THEN status NOT BETWEEN 400 AND 499 OR answer NOT LIKE '%"status":' || status || ',%' ELSE false END`,
  },
  {
    name: 'declines-move-nothing', claim: 'a decline is one row that touches no account, so its key stays declined', countSql: "SELECT count(*) FROM ledger.journal WHERE kind = 'decline'",
    faultSql: `SELECT format('the decline at position %s moves something', position) AS fault FROM ledger.journal
     WHERE kind = 'decline' AND (legs <> 1 OR num_nonnulls(debit, credit, amount_minor, debit_version, credit_version, debit_balance_minor, credit_balance_minor, payment) > 0)`,
  },
  {
    name: 'linked-legs', claim: "a command's legs stand together, complete and in order, in one batch and of one caller", countSql: allRows,
    faultSql: `SELECT format('position %s is leg %s of %s', position, leg, legs) AS fault
      FROM (SELECT position, kind, leg, legs, tenant, actor, request_id, created_at, lag(kind) OVER w AS kind_before, lag(leg) OVER w AS leg_before, lag(legs) OVER w AS legs_before,
                   lag(ROW(tenant, actor, request_id, created_at)) OVER w AS caller_before, lead(leg) OVER w AS leg_after
              FROM ledger.journal WINDOW w AS (ORDER BY position)) w
     WHERE leg < 0 OR leg >= legs OR (leg < legs - 1 AND leg_after IS DISTINCT FROM leg + 1) OR (leg = legs - 1 AND leg_after <> 0)
        OR (leg > 0 AND (leg_before IS DISTINCT FROM leg - 1 OR legs_before <> legs OR caller_before IS DISTINCT FROM ROW(tenant, actor, request_id, created_at)
            OR (kind_before::text, kind::text) NOT IN (('transfer', 'transfer'), ('conversion', 'conversion'), ('capture', 'void'), ('capture', 'fee'), ('void', 'fee'))))`,
  },
  {
    name: 'outbox', claim: "relays follow the journal: no cursor is beyond its head, every delivery is of a row of its endpoint's tenant", needs: 'ledger.webhook_deliveries',
    countSql: 'SELECT (SELECT count(*) FROM ledger.webhook_relay) + (SELECT count(*) FROM ledger.webhook_deliveries) AS count',
    faultSql: `SELECT format('the relay is at %s, the journal at %s', w.cursor, h.position) AS fault FROM ledger.webhook_relay w, ledger.head h WHERE w.cursor > h.position OR w.cursor < 0
      UNION ALL SELECT format('endpoint %s was given position %s, which is not a row of %s', d.endpoint, d.position, e.tenant)
      FROM ledger.webhook_deliveries d LEFT JOIN ledger.webhook_endpoints e ON e.id = d.endpoint LEFT JOIN ledger.journal j ON j.position = d.position
     WHERE j.position IS NULL OR d.tenant IS DISTINCT FROM e.tenant OR d.tenant <> j.tenant`,
  },
  {
    name: 'outbox-complete', claim: 'every endpoint that keeps up with the relay was given every event it wants, of the last six days', needs: 'ledger.webhook_deliveries',
    countSql: `SELECT count(*) FROM ${wanted}`,
    faultSql: `SELECT format('%s was never given position %s', e.id, j.position) AS fault FROM ${wanted}
     WHERE NOT EXISTS (SELECT FROM ledger.webhook_deliveries d WHERE d.endpoint = e.id AND d.position = j.position)`,
  },
];

const sealedTables = "'journal', 'chain', 'genesis', 'accounts', 'payments', 'head'";
const chainChecks: Check[] = [
  {
    name: 'chain-gap-free', claim: 'links are numbered without a gap, each begins where the one before ended, the last ends at the head', countSql: allLinks,
    faultSql: `SELECT format('link %s begins at %s, it should be link %s at %s', n, first_position, before + 1, due) AS fault
      FROM (SELECT n, first_position, coalesce(lag(n) OVER w, 0) AS before, coalesce(lag(first_position + count) OVER w, 1) AS due FROM ledger.chain WINDOW w AS (ORDER BY n)) w WHERE n <> before + 1 OR first_position <> due`,
  },
  {
    name: 'chain-linked', claim: "every link names the hash of the one before, the first that of the ledger's beginning", countSql: allLinks,
    faultSql: `SELECT format('link %s does not follow the one before', n) AS fault
      FROM (SELECT n, prev_hash, coalesce(lag(hash) OVER (ORDER BY n), (SELECT hash FROM ledger.genesis)) AS due FROM ledger.chain) w WHERE prev_hash IS DISTINCT FROM due`,
  },
  {
    name: 'chain-hashes', claim: 'every hash is that of its link', countSql: allLinks,
    faultSql: `SELECT format('link %s has another hash than its contents', n) AS fault FROM ledger.chain
     WHERE hash <> sha256(prev_hash || digest || int8send(n) || int8send(first_position) || int4send(count) || int8send((extract(epoch FROM at) * 1000000)::bigint) || convert_to(totals::text, 'UTF8'))`,
  },
  {
    name: 'chain-rows', claim: "every link has as many rows as it says, all of its batch's time", countSql: allLinks,
    faultSql: `SELECT format('link %s says %s rows from %s, there are %s, %s of another time', c.n, c.count, c.first_position, r.rows, r.others) AS fault
      FROM ledger.chain c, LATERAL (SELECT count(*) AS rows, count(*) FILTER (WHERE j.created_at <> c.at) AS others FROM ledger.journal j WHERE j.position >= c.first_position AND j.position < c.first_position + c.count) r
     WHERE r.rows <> c.count OR r.others > 0`,
  },
  {
    name: 'chain-times', claim: 'time goes forward from batch to batch, whatever a clock does, so the order of positions is that of times', countSql: allLinks,
    faultSql: `SELECT format('link %s is of %s, the one before of %s', n, at, before) AS fault FROM (SELECT n, at, lag(at) OVER (ORDER BY n) AS before FROM ledger.chain) w WHERE at <= before`,
  },
  {
    name: 'chain-totals', claim: "every link's totals are those of the one before and what its rows post", countSql: allLinks,
    faultSql: `WITH said AS (SELECT c.n, t.key AS currency, t.value::numeric AS total FROM ledger.chain c, jsonb_each_text(c.totals) t),
           posted AS (SELECT c.n, a.currency, sum(j.amount_minor) AS total FROM ledger.journal j JOIN ledger.accounts a ON a.number = j.debit JOIN ledger.chain c ON c.at = j.created_at WHERE ledger.posts(j.kind) GROUP BY c.n, a.currency)
      SELECT format('link %s: %s posted in %s, its rows make %s', coalesce(s.n, p.n), s.total, coalesce(s.currency, p.currency), s.before + coalesce(p.total, 0)) AS fault
      FROM (SELECT n, currency, total, coalesce(lag(total) OVER w, 0) AS before, lag(n) OVER w AS n_before, lead(n) OVER w AS n_after FROM said WINDOW w AS (PARTITION BY currency ORDER BY n)) s
      FULL JOIN posted p ON p.n = s.n AND p.currency = s.currency
     WHERE s.n IS NULL OR s.total <> s.before + coalesce(p.total, 0) OR s.n_before <> s.n - 1 OR (s.n_after IS NULL AND s.n <> (SELECT max(n) FROM ledger.chain))`,
  },
  {
    name: 'chain-head', claim: 'the head is the last link', countSql: 'SELECT count(*) FROM ledger.head',
    faultSql: `SELECT format('the head is link %s at position %s, the last link is %s', h.n, h.position, c.n) AS fault
      FROM ledger.genesis g, ledger.head h LEFT JOIN (SELECT * FROM ledger.chain ORDER BY n DESC LIMIT 1) c ON true
     WHERE (h.n, h.position, h.hash, h.totals) IS DISTINCT FROM (coalesce(c.n, 0), coalesce(c.first_position + c.count - 1, 0), coalesce(c.hash, g.hash), coalesce(c.totals, '{}')) OR h.at < c.at
      UNION ALL SELECT format('the ledger has %s heads and %s beginnings', (SELECT count(*) FROM ledger.head), (SELECT count(*) FROM ledger.genesis)) WHERE (SELECT count(*) FROM ledger.head) <> 1 OR (SELECT count(*) FROM ledger.genesis) <> 1`,
  },
  {
    name: 'guards', claim: "the tables' guards are on, and neither the service's role nor a reader's may write to them", countSql: `SELECT count(*) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE c.relnamespace = 'ledger'::regnamespace AND NOT t.tgisinternal`,
    faultSql: `SELECT format('the trigger %s is missing or off', w.name) AS fault
      FROM (SELECT c.relname, c.relname || CASE WHEN c.relname IN ('journal', 'chain', 'genesis') THEN '_append_only' ELSE '_stay' END AS name, c.oid FROM pg_class c WHERE c.relnamespace = 'ledger'::regnamespace AND c.relname IN (${sealedTables})
            UNION ALL SELECT c.relname, c.relname || '_through_append', c.oid FROM pg_class c WHERE c.relnamespace = 'ledger'::regnamespace AND c.relname IN ('journal', 'accounts')
            UNION ALL SELECT 'accounts', 'accounts_keep_their_terms', 'ledger.accounts'::regclass) w
     WHERE NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = w.oid AND t.tgname = w.name AND t.tgenabled IN ('O', 'A'))
      UNION ALL SELECT format('%s may %s ledger.%s', r.rolname, p.privilege, c.relname)
      FROM pg_roles r, pg_class c, unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) AS p (privilege)
     WHERE r.rolname IN ('ledger_app', 'ledger_readonly', 'airpay_recovery') AND c.relnamespace = 'ledger'::regnamespace AND c.relname IN (${sealedTables}) AND has_table_privilege(r.oid, c.oid, p.privilege)`,
  },
];

export const checks: readonly Check[] = [...balanceChecks, ...paymentChecks, ...commandChecks, ...chainChecks];

/** The one check that SQL cannot make: a digest is over rows as the ledger's own code writes them down. */
export const digestCheck = { name: 'row-digests', claim: "every batch's rows are those that were sealed, to the last byte" };

/** Runs all checks one after another. Throws what the database throws, unless what is stored is what cannot be read. */
export async function runChecks(reader: Reader): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  const shared = new Map<string, Found>();
  for (const check of checks) results.push(await runCheck(reader, check, shared));
  results.push({ ...digestCheck, ...(await checkDigests(reader)) });
  return results;
}

/** @param hash of a link or of the ledger's beginning, in hex, that was noted earlier, elsewhere */
export async function runNotedCheck(reader: Reader, hash: string): Promise<CheckResult> {
  const { rows } = await reader.query("SELECT EXISTS (SELECT FROM ledger.chain WHERE hash = decode($1, 'hex')) OR EXISTS (SELECT FROM ledger.genesis WHERE hash = decode($1, 'hex')) AS there", [hash]);
  const there = rows[0]?.['there'] === true;
  return { name: 'noted', claim: 'the chain runs through the hash that was noted', checked: 1, faults: there ? 0 : 1, examples: there ? [] : [`no link has the hash ${hash}: what was written up to it was changed, or this is another ledger`] };
}

type Found = Record<string, unknown>[] | { unreadable: string };

async function runCheck(reader: Reader, { name, claim, countSql, faultSql, needs, shared }: Check, known: Map<string, Found>): Promise<CheckResult> {
  const there = needs === undefined || (await reader.query('SELECT to_regclass($1) IS NOT NULL AS there', [needs])).rows[0]?.['there'] === true;
  if (!there) return { name, claim, checked: 0, faults: 0, examples: [] };
  const checked = Number((await reader.query(countSql)).rows[0]?.['count']);
  const found = known.get(faultSql) ?? (await findFaults(reader, faultSql, shared === true));
  known.set(faultSql, found);
  if ('unreadable' in found) return { name, claim, checked, faults: 1, examples: [`cannot be read: ${found.unreadable}`] };
  const own = found.filter(row => !shared || row['name'] === name);
  return { name, claim, checked, faults: Number(own[0]?.['total'] ?? 0), examples: own.map(row => String(row['fault'])) };
}

/** The first few of each name, and how many there are. */
async function findFaults(reader: Reader, faultSql: string, shared: boolean): Promise<Found> {
  const inTransaction = await reader.query('SAVEPOINT checked').then(() => true, () => false);
  try {
    // Materialized: a LIMIT that the planner can see makes it choose what finds the first fault soonest, which is the slowest way to find none.
    const { rows } = await reader.query(`WITH faults AS MATERIALIZED (${faultSql}) SELECT * FROM (
      SELECT ${shared ? 'name' : "'' AS name"}, fault, count(*) OVER w AS total, row_number() OVER w AS nth FROM faults WINDOW w AS (PARTITION BY ${shared ? 'name' : '1'} ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)) f WHERE nth <= ${examplesMax}`);
    return rows;
  } catch (error) {
    // Class 22: a text that should be JSON or a number is not. That is a fault of the data, and the other checks go on.
    if (!/^22/.test(String((error as { code?: unknown }).code))) throw error;
    if (inTransaction) await reader.query('ROLLBACK TO SAVEPOINT checked');
    return { unreadable: (error as Error).message };
  }
}

const linksPerRead = 1_000;
const rowsPerRead = 5_000;
const linkSql = 'SELECT n::text, first_position::text AS first, count, format, region, instance, digest FROM ledger.chain WHERE n > $1 ORDER BY chain.n LIMIT $2';
const rowSql = `SELECT json_build_object('position', j.position::text, 'atUs', '0', 'kind', j.kind, 'tenant', j.tenant, 'actor', j.actor, 'key', j.key, 'requestHash', encode(j.request_hash, 'hex'), 'leg', j.leg, 'legs', j.legs,
    'debit', j.debit::text, 'credit', j.credit::text, 'amount', j.amount_minor::text, 'debitVersion', j.debit_version::text, 'creditVersion', j.credit_version::text, 'debitBalance', j.debit_balance_minor::text,
    'creditBalance', j.credit_balance_minor::text, 'payment', j.payment::text, 'description', j.description, 'metadata', j.metadata, 'effectiveAtUs', (extract(epoch FROM j.effective_at) * 1000000)::bigint::text,
    'expiresAtUs', (extract(epoch FROM j.expires_at) * 1000000)::bigint::text, 'requestId', j.request_id, 'status', j.status, 'answer', j.answer) AS row
  FROM ledger.journal j WHERE j.position >= $1 AND j.position < $2 ORDER BY j.position`;

interface Sealed extends Written {
  n: string;
  first: string;
  count: number;
  digest: Buffer;
}

/** Reads the journal in pieces of some thousand rows, so memory does not grow with it. */
async function checkDigests(reader: Reader): Promise<Pick<CheckResult, 'checked' | 'faults' | 'examples'>> {
  const result = { checked: 0, faults: 0, examples: [] as string[] };
  for (let after = '0'; ; ) {
    const links = (await reader.query(linkSql, [after, linksPerRead])).rows as unknown as Sealed[];
    if (links.length === 0) return result;
    after = links.at(-1)!.n;
    while (links.length > 0) {
      let rows = 0;
      let upto = 0;
      while (upto < links.length && (upto === 0 || rows + links[upto]!.count <= rowsPerRead)) rows += links[upto++]!.count;
      await compareDigests(reader, links.splice(0, upto), result);
    }
  }
}

async function compareDigests(reader: Reader, links: Sealed[], result: Pick<CheckResult, 'checked' | 'faults' | 'examples'>): Promise<void> {
  const end = (link: Sealed) => BigInt(link.first) + BigInt(link.count);
  const read = (await reader.query(rowSql, [links[0]!.first, end(links.at(-1)!).toString()])).rows.map(({ row }) => toPlacedRow(row as RowJson));
  result.checked += read.length;
  let index = 0;
  for (const link of links) {
    const rows: PlacedRow[] = [];
    for (; index < read.length && read[index]!.position < end(link); index++) rows.push(read[index]!);
    if (batchDigest(rows, link).equals(link.digest)) continue;
    result.faults++;
    if (result.examples.length < examplesMax) result.examples.push(`link ${link.n}: its rows from position ${link.first} on are not what was sealed`);
  }
}
