/**
 * The JSON that answers a command. An answer is a function of journal rows that never change, so it is not stored again beside
 * them: a repeated request has it rendered once more, to the same bytes. That holds as long as the functions
 * here render format 1 as they do now; another shape is a new format, under a new number, beside this one. A test keeps samples
 * of every format. Openings and declines say things that no row says, so theirs are stored (`answer`).
 */
import { publicId } from './ids.ts';
import { availableMinor, type Account, type AccountTerms, type Kind, type PlacedRow } from './model.ts';
import { toIso } from './time.ts';

/** Of new rows. */
export const answerFormat = 1;

export interface Answer {
  status: number;
  body: string;
}

/** @param rows all rows of one command, in order @param region where they were written */
export function renderAnswer(format: number, rows: readonly PlacedRow[], region: string): Answer {
  if (format !== 1) throw new Error(`answers of format ${format} are not known to this version of the ledger`);
  const first = rows[0]!;
  switch (first.kind) {
    case 'decline': return { status: first.status!, body: first.answer! };
    // A new account's time is that of its batch, which was not known when the answer was written.
    case 'account': return { status: first.status!, body: first.status === 201 ? `${first.answer!.slice(0, -1)},"createdAt":"${toIso(first.createdAtUs)}"}` : first.answer! };
    case 'hold': return json(holdRowJson(first, region));
    case 'void': case 'expiry': return { ...json(releaseJson(first)), status: 200 };
    case 'capture': return json(captureJson(rows, region));
    default: return json(rows.length > 1 ? linkedJson(rows, region) : transferJson(first, region));
  }
}

function json(value: object): Answer {
  return { status: 201, body: JSON.stringify(value) };
}

/** Stands for an account's balance from its first day. */
export function openingBody(terms: AccountTerms): string {
  const { tenant: _, createdAt: _createdAt, ...rest } = accountJson({ ...terms, number: '0', postedMinor: 0n, pendingOutMinor: 0n, pendingInMinor: 0n, version: 0, createdAtUs: 0n });
  return JSON.stringify(rest);
}

export function accountBody(account: Account): string {
  const { tenant: _, ...rest } = accountJson(account);
  return JSON.stringify(rest);
}

/** `tenant` is for those who look from above all tenants; answers leave it out. */
export function accountJson(account: Account) {
  return {
    tenant: account.tenant,
    id: account.id,
    owner: account.owner,
    currency: account.currency,
    type: account.type,
    minAvailableMinor: account.minAvailableMinor?.toString() ?? null,
    maxAvailableMinor: account.maxAvailableMinor?.toString() ?? null,
    metadata: account.metadata,
    postedMinor: account.postedMinor.toString(),
    availableMinor: availableMinor(account).toString(),
    pendingMinor: account.pendingOutMinor.toString(),
    incomingMinor: account.pendingInMinor.toString(),
    version: account.version.toString(),
    createdAt: toIso(account.createdAtUs),
  };
}

/** Of any row that posts. */
export function transferJson(row: PlacedRow, region: string) {
  return {
    id: publicId('tr', { position: row.position, atUs: row.createdAtUs }),
    kind: row.kind,
    debitAccountId: row.debitId!,
    creditAccountId: row.creditId!,
    amountMinor: row.amountMinor!.toString(),
    currency: row.currency!,
    description: row.description,
    metadata: inOrder(row.metadata),
    status: 'posted',
    createdAt: toIso(row.createdAtUs),
    effectiveAt: toIso(row.effectiveAtUs ?? row.createdAtUs),
    debitVersion: row.debitVersion!.toString(),
    creditVersion: row.creditVersion!.toString(),
    region,
    ...(row.payment !== null && { [row.kind === 'capture' ? 'holdId' : 'ofId']: paymentId(row) }),
    ...(row.legs > 1 && { transactionId: transactionId(row) }),
  };
}

/** The database gives metadata back in an order of its own; an answer comes again byte for byte. */
function inOrder(metadata: Record<string, string> | null): Record<string, string> {
  return metadata === null ? {} : Object.fromEntries(Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function transactionId(row: PlacedRow): string {
  return publicId('tx', { position: row.position - BigInt(row.leg), atUs: row.createdAtUs });
}

function paymentId(row: PlacedRow): string {
  const held: Kind[] = ['capture', 'void', 'expiry'];
  return publicId(row.paymentKind === 'hold' || held.includes(row.kind) ? 'ho' : 'tr', { position: row.payment!, atUs: row.paymentAtUs! });
}

function holdRowJson(row: PlacedRow, region: string) {
  return {
    id: publicId('ho', { position: row.position, atUs: row.createdAtUs }),
    debitAccountId: row.debitId!,
    creditAccountId: row.creditId!,
    amountMinor: row.amountMinor!.toString(),
    currency: row.currency!,
    description: row.description,
    metadata: inOrder(row.metadata),
    status: 'authorised',
    createdAt: toIso(row.createdAtUs),
    expiresAt: toIso(row.expiresAtUs!),
    debitVersion: row.debitVersion!.toString(),
    creditVersion: row.creditVersion!.toString(),
    region,
  };
}

function releaseJson(row: PlacedRow) {
  return { id: paymentId(row), status: row.kind === 'void' ? 'voided' : 'expired', releasedMinor: row.amountMinor!.toString(), currency: row.currency!, releasedAt: toIso(row.createdAtUs) };
}

function captureJson(rows: readonly PlacedRow[], region: string) {
  const released = rows.find(row => row.kind === 'void');
  const fee = rows.find(row => row.kind === 'fee');
  return { ...transferJson(rows[0]!, region), releasedMinor: (released?.amountMinor ?? 0n).toString(), fee: fee ? transferJson(fee, region) : null };
}

function linkedJson(rows: readonly PlacedRow[], region: string) {
  const [first] = rows as [PlacedRow];
  const rate = first.kind === 'conversion' ? { rate: first.metadata!['fx.rate']! } : {};
  return { id: transactionId(first), ...rate, createdAt: toIso(first.createdAtUs), transfers: rows.map(row => transferJson(row, region)) };
}

/** The same value whatever the order of keys it was sent in; what a request hash is made of. Loops, since every payment passes here. */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'bigint') return `"${value}"`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  let text = '';
  if (Array.isArray(value)) {
    for (const item of value) text += `${text && ','}${canonicalJson(item)}`;
    return `[${text}]`;
  }
  const fields = value as Record<string, unknown>;
  for (const name of Object.keys(fields).sort()) {
    if (fields[name] !== undefined) text += `${text && ','}${JSON.stringify(name)}:${canonicalJson(fields[name])}`;
  }
  return `{${text}}`;
}
