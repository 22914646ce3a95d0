/**
 * Bugs, one at a time, in the path that money takes. Each must be found by the test that is named. When a line that is named here changes, its
 * mutant changes with it: `find` has to be there exactly once.
 */
export interface Mutant {
  id: string;
  /** Below ledger/. */
  file: string;
  find: string;
  replace: string;
  /** What the bug would do. */
  why: string;
  /** A test file below ledger/, and how the name of its test begins. */
  killedBy: readonly [file: string, name: string];
}

const evaluate = 'src/domain/evaluate.test.ts';
const book = 'src/domain/book.test.ts';
const batching = 'src/domain/batching.test.ts';
const answers = 'src/domain/answers.test.ts';
const chain = 'src/domain/chain.test.ts';
const simulation = 'test/simulation.test.ts';
const payments = 'test/payments.test.ts';
const seeds = 'seeds ';

export const mutants: readonly Mutant[] = [
  // The decision.
  { id: 'no-floor', file: 'src/domain/evaluate.ts', find: 'availableMinor(after) >= account.minAvailableMinor ||', replace: 'true ||', why: 'accounts are overdrawn', killedBy: [evaluate, 'an account is spent to its floor'] },
  { id: 'floor-by-one', file: 'src/domain/evaluate.ts', find: 'availableMinor(after) >= account.minAvailableMinor ||', replace: 'availableMinor(after) >= account.minAvailableMinor - 1n ||', why: 'one minor unit too many is spent', killedBy: [evaluate, 'an account is spent to its floor'] },
  { id: 'floor-too-high', file: 'src/domain/evaluate.ts', find: 'availableMinor(after) >= account.minAvailableMinor ||', replace: 'availableMinor(after) > account.minAvailableMinor ||', why: 'the last minor unit cannot be spent', killedBy: [evaluate, 'an account is spent to its floor'] },
  { id: 'ceiling-forgets-incoming', file: 'src/domain/evaluate.ts', find: '[account.postedMinor + account.pendingInMinor, after.postedMinor + after.pendingInMinor]', replace: '[account.postedMinor, after.postedMinor]', why: 'captures would cross the ceiling', killedBy: [evaluate, 'a ceiling counts'] },
  { id: 'pending-overflow', file: 'src/domain/evaluate.ts', find: 'fitsStorage(after.pendingOutMinor) && ', replace: '', why: 'a hold is answered with an internal error', killedBy: [evaluate, 'no number of an account'] },
  { id: 'linked-keeps-half', file: 'src/domain/evaluate.ts', find: 'for (const [account, before] of undo.reverse()) Object.assign(account, before);', replace: '', why: 'half of a refused transaction stays', killedBy: [evaluate, 'linked transfers'] },
  { id: 'undo-in-wrong-order', file: 'src/domain/evaluate.ts', find: 'of undo.reverse())', replace: 'of undo)', why: 'an account that moved twice is put back half way', killedBy: [evaluate, 'random histories'] },
  { id: 'decline-unguarded', file: 'src/domain/evaluate.ts', find: '    batch.decidedOn(looked);\n    batch.rows.push(declineRow', replace: '    batch.rows.push(declineRow', why: 'a decline out of what another process has changed', killedBy: [evaluate, 'a decline says what'] },
  { id: 'any-currency', file: 'src/domain/evaluate.ts', find: 'if (account.currency !== currency)', replace: 'if (account.currency === "")', why: 'euros are posted into dollars', killedBy: [evaluate, 'reasons to refuse'] },
  { id: 'self-transfer', file: 'src/domain/evaluate.ts', find: 'if (debitId === creditId)', replace: 'if (debitId === "")', why: 'money out of nothing', killedBy: [evaluate, 'reasons to refuse'] },
  { id: 'capture-forgets-earlier', file: 'src/domain/evaluate.ts', find: 'capturedMinor: hold.capturedMinor + amountMinor,', replace: 'capturedMinor: amountMinor,', why: 'several captures take more than was authorised', killedBy: [evaluate, 'a hold lowers'] },
  { id: 'capture-one-over', file: 'src/domain/evaluate.ts', find: "if (amountMinor > leftMinor) refuse('capture-exceeds-hold'", replace: "if (amountMinor > leftMinor + 1n) refuse('capture-exceeds-hold'", why: 'a capture takes more than is left', killedBy: [evaluate, 'a hold lowers'] },
  { id: 'capture-of-expired', file: 'src/domain/evaluate.ts', find: "if (hold.expired) refuse('hold-expired'", replace: "if (!hold) refuse('hold-expired'", why: 'an expired hold is captured', killedBy: [evaluate, 'a hold is released once'] },
  { id: 'expiry-too-early', file: 'src/domain/evaluate.ts', find: "command.kind === 'expiry' && !hold.expired", replace: "command.kind === 'expiry' && !hold", why: 'a hold is taken from its owner before its time', killedBy: [evaluate, 'a hold is released once'] },
  { id: 'release-twice', file: 'src/domain/evaluate.ts', find: '{ releasedMinor: hold.releasedMinor + leftMinor }', replace: '{ releasedMinor: hold.releasedMinor }', why: 'a hold is released again and again', killedBy: [evaluate, 'a hold is released once'] },
  { id: 'last-capture-keeps-rest', file: 'src/domain/evaluate.ts', find: 'command.final ? hold.authorisedMinor - hold.capturedMinor - amountMinor : hold.releasedMinor', replace: 'hold.releasedMinor', why: 'what was released can be captured', killedBy: [evaluate, 'a hold lowers'] },
  { id: 'fee-over-capture', file: 'src/domain/evaluate.ts', find: 'if (fee.amountMinor > amountMinor)', replace: 'if (fee.amountMinor > amountMinor + 1n)', why: 'a fee takes what was not captured', killedBy: [evaluate, 'a hold lowers'] },
  { id: 'refund-forgotten', file: 'src/domain/evaluate.ts', find: '{ refundedMinor: original.refundedMinor + amountMinor }', replace: '{}', why: 'the same money is given back without end', killedBy: [evaluate, 'refunds never exceed'] },
  { id: 'refund-the-wrong-way', file: 'src/domain/evaluate.ts', find: 'debit: credit, credit: debit, amountMinor, payment: original', replace: 'debit, credit, amountMinor, payment: original', why: 'a refund charges again', killedBy: [evaluate, 'refunds never exceed'] },
  { id: 'reversal-after-refund', file: 'src/domain/evaluate.ts', find: "command.kind === 'reversal' && original.refundedMinor > 0n", replace: "command.kind === 'reversal' && original.refundedMinor < 0n", why: 'a transfer is reversed after a refund', killedBy: [evaluate, 'refunds never exceed'] },
  { id: 'hold-of-another-tenant', file: 'src/domain/evaluate.ts', find: "hold.kind !== 'hold' || hold.tenant !== context.tenant ||", replace: "hold.kind !== 'hold' ||", why: 'one tenant captures the money of another', killedBy: [evaluate, 'a hold, a transfer: by place'] },
  { id: 'hold-of-another-history', file: 'src/domain/evaluate.ts', find: ' || hold.atUs !== ref.atUs', replace: '', why: 'after a failover an id means another hold', killedBy: [evaluate, 'a hold, a transfer: by place'] },
  { id: 'settles-what-is-held', file: 'src/domain/evaluate.ts', find: 'const amountMinor = availableMinor(account); //', replace: 'const amountMinor = account.postedMinor; //', why: 'money on hold is paid out', killedBy: [evaluate, 'a settlement moves'] },
  { id: 'opening-changes-terms', file: 'src/domain/evaluate.ts', find: "'minAvailableMinor', 'maxAvailableMinor'] as const", replace: "'maxAvailableMinor'] as const", why: 'a client is told that its account has another floor than it has', killedBy: [evaluate, 'an opening'] },
  // The book.
  { id: 'wrong-side', file: 'src/domain/book.ts', find: "isDebitNormal(account.type) === (side === 'debit')", replace: "isDebitNormal(account.type) !== (side === 'debit')", why: 'payments raise the payer', killedBy: [book, 'one leg'] },
  { id: 'capture-keeps-hold', file: 'src/domain/book.ts', find: "if (move !== 'post') {", replace: "if (move !== 'post' && move !== 'capture') {", why: 'captured money stays on hold', killedBy: [book, 'one leg'] },
  { id: 'version-stands-still', file: 'src/domain/book.ts', find: '  after.version++;\n', replace: '', why: 'a change that no other writer sees', killedBy: [book, 'one leg'] },
  { id: 'before-overwritten', file: 'src/domain/book.ts', find: 'if (!batch.accounts.has(account)) batch.accounts.set', replace: 'batch.accounts.set', why: 'the first of two changes is not written', killedBy: [book, 'a batch remembers'] },
  { id: 'put-back-unguarded', file: 'src/domain/book.ts', find: '(this.accounts.get(one)?.version ?? one.version) === one.version', replace: '!this.accounts.has(one)', why: 'a refused transaction that moved half way is guarded by nothing', killedBy: [book, 'a batch remembers'] },
  { id: 'older-replaces-newer', file: 'src/domain/book.ts', find: 'if (this.#byNumber.has(account.number)) return;', replace: '', why: 'a read that began earlier hides a payment', killedBy: [book, 'a book keeps'] },
  { id: 'forgets-while-written', file: 'src/domain/book.ts', find: 'if (beingWritten(account)) continue;', replace: '', why: 'an account is read back to before the batch in flight', killedBy: [book, 'a book has a size'] },
  { id: 'payment-compared-by-version', file: 'src/domain/book.ts', find: '[...this.payments.values()]', replace: '[]', why: 'a capture on the outcome of one that never came to be', killedBy: [book, 'payments: one that was changed'] },
  // Batches, answers, seals.
  { id: 'any-body-replays', file: 'src/domain/batching.ts', find: 'if (stored.requestHash !== context.requestHash)', replace: 'if (stored.requestHash === "")', why: 'another payment is answered as if it had been made', killedBy: [batching, 'a used key'] },
  { id: 'keys-of-all-tenants', file: 'src/domain/batching.ts', find: 'stored.get(`${context.tenant}/${context.key}`)', replace: '[...stored].find(([id]) => id.endsWith(`/${context.key}`))?.[1]', why: 'a tenant is answered with the payment of another', killedBy: [batching, 'a used key'] },
  { id: 'totals-count-holds', file: 'src/domain/batching.ts', find: 'row.currency !== null && posts(row.kind)', replace: 'row.currency !== null', why: 'the sealed totals are not what was posted', killedBy: [batching, 'only what posts'] },
  { id: 'opened-twice', file: 'src/domain/batching.ts', find: 'isBeingOpened(decided.batch, context.tenant, command.id)', replace: 'isBeingOpened(decided.batch, "", command.id)', why: 'a batch that can never be written', killedBy: [batching, 'a second opening'] },
  { id: 'payment-version-by-row', file: 'src/domain/evaluate.ts', find: 'if (!batch.payments.has(payment)) batch.payments.set', replace: 'batch.payments.set', why: 'a hold captured twice in a batch blocks it', killedBy: [batching, 'a payment that two'] },
  { id: 'answer-in-order-of-sending', file: 'src/domain/answers.ts', find: 'Object.fromEntries(Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1)))', replace: 'metadata', why: 'a replay differs from the first answer', killedBy: [answers, 'an answer is the same'] },
  { id: 'answer-without-effective-time', file: 'src/domain/answers.ts', find: 'row.effectiveAtUs ?? row.createdAtUs', replace: 'row.createdAtUs', why: 'stored answers change', killedBy: [answers, 'format 1: transfer with'] },
  { id: 'unsealed-amount', file: 'src/domain/chain.ts', find: 'text(row.amountMinor), ', replace: '', why: 'an amount can be edited behind the chain', killedBy: [chain, 'a change of anything'] },
  { id: 'rate-off-by-one', file: 'src/domain/fx.ts', find: 'difference < unit && difference > -unit', replace: 'difference <= unit && difference >= -unit', why: 'each conversion may lose a minor unit more', killedBy: ['src/domain/fx.test.ts', 'both roundings'] },
  { id: 'id-without-microseconds', file: 'src/domain/ids.ts', find: "(atUs % 1000n).toString(16).padStart(3, '0')", replace: "'000'", why: 'ids of another history are taken for these', killedBy: ['src/domain/ids.test.ts', 'an id is a UUID'] },
  // The writer and its statements.
  { id: 'careful-without-keys', file: 'src/usecases/writer.ts', find: 'keys: requests.map(one => one.context), lockHead: true', replace: 'keys: [], lockHead: true', why: 'what was committed and not confirmed is not found', killedBy: [simulation, seeds] },
  { id: 'careful-without-lock', file: 'src/usecases/writer.ts', find: 'lockHead: true', replace: 'lockHead: false', why: 'decided on what others are changing', killedBy: [simulation, seeds] },
  { id: 'failed-batch-dropped', file: 'src/usecases/writer.ts', find: 'while (this.#failed.length > 0) await this.#writeCarefully(this.#failed.shift()!);', replace: 'this.#failed = [];', why: 'clients wait for ever', killedBy: [simulation, seeds] },
  { id: 'joins-another-request', file: 'src/usecases/writer.ts', find: 'if (first.hash !== context.requestHash) throw', replace: 'if (first.hash === "") throw', why: 'another payment is answered as if it had been made', killedBy: [simulation, seeds] },
  { id: 'told-what-is-not-committed', file: 'src/usecases/writer.ts', find: "this.#finish(decided, row, accounts, 'fast', startedAtMs);", replace: "this.#finish(decided, row, batch.moved().map(([account]) => ({ account, ...balancesOf(account) })), 'fast', startedAtMs);", why: 'caches show the balance of a batch that may yet fail', killedBy: [simulation, seeds] },
  { id: 'batch-on-a-failed-one', file: 'src/adapters/journal.ts', find: 'literal(moved.map(([, before]) => before.version)),', replace: 'literal(moved.map(([account]) => account.version)),', why: 'no batch is ever at its version', killedBy: [simulation, seeds] },
  { id: 'pending-not-written', file: 'src/adapters/journal.ts', find: 'delta(one => one.pendingOutMinor)', replace: 'delta(() => 0n)', why: 'held money can be spent', killedBy: [simulation, seeds] },
  { id: 'quotes-end-a-text', file: 'src/adapters/journal.ts', find: "`\"${text.replace(/[\"\\\\]/g, '\\\\$&')}\"`", replace: '`"${text}"`', why: 'a description becomes part of the statement', killedBy: ['test/idempotency.test.ts', 'every kind of command'] },
  // What the database itself refuses.
  { id: 'sql-no-version', file: 'migrations/000001_init.sql', find: 'AND a.version = x.version AND a.posted_minor = x.posted_before', replace: 'AND a.posted_minor = x.posted_before', why: 'two writers on the same version', killedBy: [payments, 'SQL refuses a batch of one'] },
  { id: 'sql-version-only', file: 'migrations/000001_init.sql', find: ' AND a.posted_minor = x.posted_before AND a.pending_out_minor = x.out_before AND a.pending_in_minor = x.in_before', replace: '', why: 'a batch on the outcome of one that never came to be', killedBy: [payments, 'SQL refuses a batch of one'] },
  { id: 'sql-one-any-balance', file: 'migrations/000001_init.sql', find: "\n       AND a.posted_minor + CASE WHEN a.debit_normal = (a.number = _debit) THEN _amount ELSE -_amount END = CASE a.number WHEN _debit THEN _debit_balance ELSE _credit_balance END", replace: '', why: 'a lone payment on the outcome of a batch that never came to be', killedBy: [payments, 'SQL refuses a batch of one'] },
  { id: 'sql-one-any-version', file: 'migrations/000001_init.sql', find: ' AND a.version = CASE a.number WHEN _debit THEN _debit_version ELSE _credit_version END - 1', replace: '', why: 'a lone payment hides the one before it', killedBy: [payments, 'SQL refuses a batch of one'] },
  { id: 'sql-one-across-tenants', file: 'migrations/000001_init.sql', find: 'min(m.tenant) = _tenant AND max(m.tenant) = _tenant', replace: 'true', why: 'one tenant pays with the money of another', killedBy: [payments, 'SQL refuses postings'] },
  { id: 'sql-rows-not-compared', file: 'migrations/000001_init.sql', find: "    IF moved.agreed IS NOT TRUE THEN\n", replace: '    IF false THEN\n', why: 'balances that no row explains', killedBy: [payments, 'SQL refuses rows without'] },
  { id: 'sql-rows-without-accounts', file: 'migrations/000001_init.sql', find: 'IF cardinality(_accounts) > 0 OR cardinality(_currencies) > 0 OR cardinality(array_remove(_debits, NULL)) > 0 THEN', replace: 'IF cardinality(_accounts) > 0 THEN', why: 'rows that move no balance', killedBy: [payments, 'SQL refuses rows without'] },
  { id: 'sql-rows-without-payments', file: 'migrations/000001_init.sql', find: ' OR cardinality(array_remove(_row_payments, NULL)) > 0', replace: '', why: 'captures that no hold knows of', killedBy: [payments, 'SQL refuses rows without'] },
  { id: 'sql-stale-declines', file: 'migrations/000001_init.sql', find: 'IF cardinality(_seen) > 0 THEN', replace: 'IF false THEN', why: 'a decline although the money had been there', killedBy: [payments, 'SQL refuses a decline'] },
  { id: 'stale-declines', file: 'migrations/000001_init.sql', find: 'IF cardinality(_seen) > 0 THEN', replace: 'IF false THEN', why: 'money that one process has acknowledged is declined by another', killedBy: ['test/concurrency.test.ts', 'money that one process'] },
  { id: 'sql-stale-hold', file: 'migrations/000001_init.sql', find: 'IF cardinality(_seen_payments) > 0 THEN', replace: 'IF false THEN', why: 'a capture is declined for what another process has undone', killedBy: [payments, 'SQL refuses a decline'] },
  { id: 'sql-refunds-unbounded', file: 'migrations/000001_init.sql', find: 'CHECK (refunded_minor <= captured_minor)', replace: 'CHECK (true)', why: 'a bug in the service pays out without end', killedBy: [payments, 'SQL refuses more refunds'] },
  { id: 'sql-captures-unbounded', file: 'migrations/000001_init.sql', find: 'CHECK (captured_minor + released_minor <= authorised_minor)', replace: 'CHECK (true)', why: 'a bug in the service captures more than was authorised', killedBy: [payments, 'SQL refuses more refunds'] },
  { id: 'sql-no-floor', file: 'migrations/000001_init.sql', find: 'CHECK (min_available_minor IS NULL OR posted_minor - pending_out_minor >= min_available_minor)', replace: 'CHECK (true)', why: 'a bug in the service overdraws', killedBy: [payments, 'SQL refuses rows without'] },
  { id: 'sql-no-ceiling', file: 'migrations/000001_init.sql', find: 'CHECK (max_available_minor IS NULL OR posted_minor + pending_in_minor <= max_available_minor)', replace: 'CHECK (true)', why: 'a bug in the service crosses a ceiling', killedBy: [payments, 'SQL refuses rows without'] },
  { id: 'sql-key-twice', file: 'migrations/000001_init.sql', find: 'CREATE UNIQUE INDEX journal_key', replace: 'CREATE INDEX journal_key', why: 'a payment is made twice', killedBy: [payments, 'one key is used once'] },
  { id: 'sql-unchained', file: 'migrations/000001_init.sql', find: 'sealed := sha256(link.prev_hash || _digest', replace: 'sealed := sha256(_digest', why: 'links that do not hold each other', killedBy: [payments, 'ids and links'] },
];
