import { z } from 'zod';
import { callHttp, Fetch, HttpAnswer, parseJson } from '../httpCall';
import { OutsideError } from '../outside';

/** The ledger as a payer reaches it: through the traffic front, never past it. */
export interface Ledger {
  /** Region whose database answers a read. @throws OutsideError */
  answeringRegion(): Promise<string>;
  /**
   * Moves a real $1.00 from clearing to the verification account. The same key moves it once, however often it is called.
   * @throws OutsideError
   */
  payVerification(idempotencyKey: string): Promise<{ transferId: string; region: string }>;
  /** Reads one transfer back. Null when the ledger does not know it. @throws OutsideError */
  find(transferId: string): Promise<{ region: string; amountMinor: string } | null>;
  /** Which of these transfers do not exist, in questions of at most 500. @throws OutsideError */
  missing(transferIds: string[]): Promise<string[]>;
}

const requestTimeoutMs = 3_000;
const lookupTimeoutMs = 10_000;
const lookupMax = 500;
export const verificationAmountMinor = '100';
const currency = 'USD';
const clearingAccountId = 'cash-clearing:usd';
export const verificationAccount = {
  id: 'recovery-verification:usd', owner: 'airpay-portal', currency, type: 'liability', minAvailableMinor: null,
};

const transferSchema = z.object({ id: z.string(), amountMinor: z.string() });
const lookupSchema = z.object({ missing: z.array(z.string()) });

export class HttpLedger implements Ledger {
  private readonly source = 'Ledger at the traffic front';

  constructor(private readonly settings: { baseUrl: string; apiKey: string }, private readonly fetchApi: Fetch = fetch) {}

  async answeringRegion(): Promise<string> {
    // An account's balance may come from a cache while the database is away; its entries never do. A ledger that nobody has paid with
    // yet has no clearing account, and knows it from its database.
    return this.regionOf(await this.call('GET', `/v1/accounts/${clearingAccountId}/entries?limit=1`, { accept: status => status === 200 || status === 404 }));
  }

  async payVerification(idempotencyKey: string): Promise<{ transferId: string; region: string }> {
    await this.call('POST', '/v1/accounts', { body: verificationAccount, idempotencyKey: `${idempotencyKey}:account` });
    const answer = await this.call('POST', '/v1/transfers', {
      body: {
        debitAccountId: clearingAccountId, creditAccountId: verificationAccount.id, amountMinor: verificationAmountMinor, currency,
        description: 'Verification of a region switch',
      },
      idempotencyKey,
    });
    const transfer = parseJson(this.source, answer, value => transferSchema.parse(value));
    return { transferId: transfer.id, region: this.regionOf(answer) };
  }

  async find(transferId: string): Promise<{ region: string; amountMinor: string } | null> {
    const answer = await this.call('GET', `/v1/transfers/${encodeURIComponent(transferId)}`, {
      accept: status => status === 200 || status === 404,
    });
    if (answer.status === 404) return null;
    const transfer = parseJson(this.source, answer, value => transferSchema.parse(value));
    return { region: this.regionOf(answer), amountMinor: transfer.amountMinor };
  }

  async missing(transferIds: string[]): Promise<string[]> {
    const missing: string[] = [];
    for (let start = 0; start < transferIds.length; start += lookupMax) {
      const ids = transferIds.slice(start, start + lookupMax);
      const answer = await this.call('POST', '/v1/transfers/lookup', { body: { ids }, timeoutMs: lookupTimeoutMs });
      missing.push(...parseJson(this.source, answer, value => lookupSchema.parse(value)).missing);
    }
    return missing;
  }

  private regionOf(answer: HttpAnswer): string {
    const region = answer.headers.get('airpay-region');
    if (!region) throw new OutsideError(this.source, 'unknown', 'answered without the header Airpay-Region');
    return region;
  }

  private call(
    method: string,
    path: string,
    options: { body?: unknown; idempotencyKey?: string; accept?: (status: number) => boolean; timeoutMs?: number } = {},
  ): Promise<HttpAnswer> {
    return callHttp(this.fetchApi, {
      source: this.source,
      url: this.settings.baseUrl + path,
      method,
      body: options.body,
      accept: options.accept,
      timeoutMs: options.timeoutMs ?? requestTimeoutMs,
      headers: {
        authorization: `Bearer ${this.settings.apiKey}`,
        ...(options.idempotencyKey ? { 'idempotency-key': options.idempotencyKey } : {}),
      },
    });
  }
}
