/** Webhooks, the pure part: what an event is called, when it is tried again, and which of those due go out next. */

/** Kind of a journal row -> type of its event. Both are for ever: consumers compare them. */
export const eventTypes = {
  account: 'account.opened',
  transfer: 'transfer.posted',
  conversion: 'conversion.posted',
  fee: 'fee.posted',
  settlement: 'settlement.posted',
  hold: 'hold.authorised',
  capture: 'hold.captured',
  void: 'hold.voided',
  expiry: 'hold.expired',
  refund: 'refund.posted',
  reversal: 'reversal.posted',
  decline: 'payment.declined',
} as const;

export type EventType = (typeof eventTypes)[keyof typeof eventTypes];
/** Stands for all types, also those that are not invented yet. */
export const everyEvent = '*';
export const eventTypeNames: readonly EventType[] = Object.values(eventTypes);

const kindOf = new Map(Object.entries(eventTypes).map(([kind, type]) => [type as string, kind]));

/** `['hold.captured']` -> `['capture']`, as endpoints are kept, sorted and each once; `*` stays and takes the place of all. */
export function kindsOf(types: readonly string[]): string[] {
  if (types.includes(everyEvent)) return [everyEvent];
  return [...new Set(types)].flatMap(type => kindOf.get(type) ?? []).sort();
}

/** The other way round, for people. */
export function typesOf(kinds: readonly string[]): string[] {
  return kinds.map(kind => (kind === everyEvent ? everyEvent : eventTypeOf(kind)));
}

/** A kind that a newer version wrote has a name too: a relay of this version must not lose it. */
export function eventTypeOf(kind: string): string {
  return eventTypes[kind as keyof typeof eventTypes] ?? `${kind}.posted`;
}

/** Before each attempt, counted from the end of the one before: at once, 1 min, 5 min, 30 min, 2 h. */
export const retryDelaysMs: readonly number[] = [0, 60_000, 300_000, 1_800_000, 7_200_000];

/**
 * After `attempts` failed attempts: milliseconds until the next one, or `dead` when there is none left.
 * @param delaysMs one per attempt
 */
export function delayAfter(attempts: number, delaysMs: readonly number[]): number | 'dead' {
  return delaysMs[attempts] ?? 'dead';
}

/** A delivery that is due. */
export interface Candidate {
  endpointId: string;
  tenant: string;
  position: bigint;
  /** How many the consumer takes at once. */
  maxInFlight: number;
  /** Its last attempt failed, whatever the event was. */
  failing: boolean;
}

export interface Limits {
  inFlight: number;
  perTenant: number;
  /** For endpoints whose last attempt failed: they are slow as a rule and must not fill all places. */
  failing: number;
}

/**
 * Which of `due` to send now, in their order, beside what is in flight. One tenant, or consumers that do not answer,
 * never take all places; an endpoint whose last attempt failed gets one.
 */
export function chooseDue<C extends Candidate>(due: readonly C[], inFlight: readonly Candidate[], limits: Limits): C[] {
  const busy = [...inFlight];
  const chosen: C[] = [];
  for (const one of due) {
    if (busy.length >= limits.inFlight) break;
    if (busy.some(other => other.endpointId === one.endpointId && other.position === one.position)) continue;
    const ofEndpoint = busy.filter(other => other.endpointId === one.endpointId).length;
    if (ofEndpoint >= (one.failing ? 1 : one.maxInFlight)) continue;
    if (busy.filter(other => other.tenant === one.tenant).length >= limits.perTenant) continue;
    if (one.failing && busy.filter(other => other.failing).length >= limits.failing) continue;
    busy.push(one);
    chosen.push(one);
  }
  return chosen;
}

/** How far the relay is behind, over all tenants. */
export interface WebhookReadings {
  lagPositions: number;
  lagSeconds: number;
  pending: number;
  dead: number;
}

/** Where a sealed secret belongs. */
export function secretPlace(tenant: string, endpointId: string): string {
  return `webhook/${tenant}/${endpointId}`;
}
