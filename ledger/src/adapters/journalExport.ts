/** The whole journal as the lines of a file (domain/journalFile.ts). The caller holds one snapshot. Page by page: memory does not grow with the journal. */
export interface Reader {
  query(sql: string, values?: unknown[]): Promise<{ rows: Record<string, unknown>[] }>;
}

const linesPerRead = 2_000;
const us = (time: string) => `(extract(epoch FROM ${time}) * 1000000)::bigint::text`;

const headerSql = `SELECT json_build_object('type', 'ledger', 'file', 1, 'genesis', encode(g.hash, 'hex'), 'n', h.n::text, 'position', h.position::text, 'hash', encode(h.hash, 'hex'), 'totals', h.totals) AS line FROM ledger.head h, ledger.genesis g`;

const accountsSql = `SELECT a.number AS place, json_build_object('type', 'account', 'number', a.number::text, 'tenant', a.tenant, 'id', a.id, 'owner', a.owner, 'currency', a.currency, 'accountType', a.type,
    'minAvailableMinor', a.min_available_minor::text, 'maxAvailableMinor', a.max_available_minor::text, 'metadata', coalesce(a.metadata::jsonb, '{}'), 'postedMinor', a.posted_minor::text,
    'pendingOutMinor', a.pending_out_minor::text, 'pendingInMinor', a.pending_in_minor::text, 'version', a.version::text, 'createdAtUs', ${us('a.created_at')}) AS line
  FROM ledger.accounts a WHERE a.number > $1 ORDER BY a.number LIMIT $2`;

const paymentsSql = `SELECT p.position AS place, json_build_object('type', 'payment', 'position', p.position::text, 'tenant', p.tenant, 'debit', p.debit::text, 'credit', p.credit::text, 'authorisedMinor', p.authorised_minor::text,
    'capturedMinor', p.captured_minor::text, 'releasedMinor', p.released_minor::text, 'refundedMinor', p.refunded_minor::text, 'expiresAtUs', ${us('p.expires_at')}, 'version', p.version::text) AS line
  FROM ledger.payments p WHERE p.position > $1 ORDER BY p.position LIMIT $2`;

const linksSql = `SELECT c.n AS place, c.first_position, c.count, json_build_object('type', 'link', 'n', c.n::text, 'firstPosition', c.first_position::text, 'count', c.count, 'atUs', ${us('c.at')}, 'format', c.format, 'region', c.region,
    'instance', c.instance, 'digest', encode(c.digest, 'hex'), 'totals', c.totals, 'prevHash', encode(c.prev_hash, 'hex'), 'hash', encode(c.hash, 'hex')) AS line
  FROM ledger.chain c WHERE c.n > $1 ORDER BY c.n LIMIT $2`;

const rowsSql = `SELECT j.position AS place, json_build_object('type', 'row', 'position', j.position::text, 'kind', j.kind, 'tenant', j.tenant, 'actor', j.actor, 'key', j.key, 'requestHash', encode(j.request_hash, 'hex'),
    'leg', j.leg, 'legs', j.legs, 'debit', j.debit::text, 'credit', j.credit::text, 'debitId', d.id, 'creditId', c.id, 'currency', d.currency, 'amountMinor', j.amount_minor::text,
    'debitVersion', j.debit_version::text, 'creditVersion', j.credit_version::text, 'debitBalanceMinor', j.debit_balance_minor::text, 'creditBalanceMinor', j.credit_balance_minor::text, 'payment', j.payment::text,
    'description', j.description, 'metadata', j.metadata, 'effectiveAtUs', ${us('j.effective_at')}, 'expiresAtUs', ${us('j.expires_at')}, 'requestId', j.request_id, 'status', j.status, 'answer', j.answer) AS line
  FROM ledger.journal j LEFT JOIN ledger.accounts d ON d.number = j.debit LEFT JOIN ledger.accounts c ON c.number = j.credit
 WHERE j.position > $1 ORDER BY j.position LIMIT $2`;

interface Read {
  place: string;
  line: object;
}

/** Objects of domain/journalFile.ts's types, in the order of the file. */
export async function* exportLines(reader: Reader): AsyncGenerator<object> {
  yield (await reader.query(headerSql)).rows[0]!['line'] as object;
  for (const sql of [accountsSql, paymentsSql]) for await (const { line } of pages<Read>(reader, sql)) yield line;
  const rows = pages<Read>(reader, rowsSql);
  let row = await rows.next();
  for await (const link of pages<Read & { first_position: string; count: number }>(reader, linksSql)) {
    yield link.line;
    const end = BigInt(link.first_position) + BigInt(link.count);
    for (; !row.done && BigInt(row.value.place) < end; row = await rows.next()) yield row.value.line;
  }
  // Rows that no link covers: the file tells of them, and whoever verifies it will refuse them.
  for (; !row.done; row = await rows.next()) yield row.value.line;
}

async function* pages<T extends { place: string }>(reader: Reader, sql: string): AsyncGenerator<T> {
  for (let after = '-1'; ; ) {
    const rows = (await reader.query(sql, [after, linesPerRead])).rows as unknown as T[];
    yield* rows;
    if (rows.length < linesPerRead) return;
    after = rows.at(-1)!.place;
  }
}
