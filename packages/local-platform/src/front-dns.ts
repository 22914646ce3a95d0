/**
 * One Cloud DNS managed zone as a value: record sets and the changes made to them, with the rules
 * of the real service (a deletion must match exactly, an addition must not exist yet, a CNAME
 * stands alone). Pure: time is an argument.
 */

/** One record set; `ttl` is in seconds, `name` ends with a dot. */
export type RecordSet = { name: string; type: string; ttl: number; rrdatas: string[] };

export type Change = {
  id: string;
  startTime: string;
  additions: RecordSet[];
  deletions: RecordSet[];
};

export type Zone = {
  project: string;
  name: string;
  dnsName: string;
  records: RecordSet[];
  /** Oldest first, at most CHANGES_MAX. */
  changes: Change[];
  lastChangeId: number;
};

/** Why a change is refused: the HTTP status and reason word that Cloud DNS gives. */
export class DnsRefusal extends Error {
  readonly status: number;
  readonly reason: string;

  constructor(status: number, reason: string, message: string) {
    super(message);
    this.name = 'DnsRefusal';
    this.status = status;
    this.reason = reason;
  }
}

/** A change is answered as pending for this long, as the real service does, so callers must poll. */
export const CHANGE_PENDING_MS = 150;
export const CHANGES_MAX = 500;
const RECORDS_MAX = 1_000;
const TYPES = ['A', 'AAAA', 'CAA', 'CNAME', 'MX', 'NS', 'PTR', 'SOA', 'SRV', 'TXT'];

/** A zone at its beginning: the ledger's name points at `target`, the region that starts as primary. */
export function initialZone(target: string): Zone {
  return {
    project: 'airpay-payments-local',
    name: 'pay-airpay-example',
    dnsName: 'pay.airpay.example.',
    records: [{ name: 'ledger.pay.airpay.example.', type: 'CNAME', ttl: 30, rrdatas: [target] }],
    changes: [],
    lastChangeId: 0,
  };
}

/** The record set of that name and type, if it is there. */
export function findRecord(zone: Zone, name: string, type: string): RecordSet | undefined {
  return zone.records.find(record => record.name === name && record.type === type);
}

/** `pending` shortly after the change was made, then `done`. */
export function changeStatus(change: Change, nowMs: number): 'pending' | 'done' {
  return nowMs < Date.parse(change.startTime) + CHANGE_PENDING_MS ? 'pending' : 'done';
}

/**
 * Applies deletions and additions together, or refuses all of them.
 * @throws DnsRefusal 404 for a deletion of what is not there, 412 when it differs from what is
 *   there, 409 for an addition that exists, 400 for what is not a valid record set
 */
export function applyChange(
  zone: Zone,
  additions: RecordSet[],
  deletions: RecordSet[],
  nowMs: number,
): { zone: Zone; change: Change } {
  if (additions.length + deletions.length === 0) {
    throw new DnsRefusal(400, 'required', "The 'entity.change' needs additions or deletions");
  }
  let records = [...zone.records];
  deletions.forEach((wanted, index) => {
    const at = `'entity.change.deletions[${index}]' resource named '${wanted.name} (${wanted.type})'`;
    const found = records.find(record => record.name === wanted.name && record.type === wanted.type);
    if (found === undefined) throw new DnsRefusal(404, 'notFound', `The ${at} does not exist.`);
    if (!sameRecord(found, wanted)) {
      throw new DnsRefusal(412, 'conditionNotMet', `Precondition not met for ${at}: it has other data.`);
    }
    records = records.filter(record => record !== found);
  });
  additions.forEach((wanted, index) => {
    const where = `entity.change.additions[${index}]`;
    checkRecord(zone, wanted, where);
    if (records.some(record => record.name === wanted.name && record.type === wanted.type)) {
      const at = `'${where}' named '${wanted.name} (${wanted.type})'`;
      throw new DnsRefusal(409, 'alreadyExists', `The resource ${at} already exists`);
    }
    checkCnameAlone(records, wanted, where);
    records.push(wanted);
  });
  if (records.length > RECORDS_MAX) {
    throw new DnsRefusal(403, 'quotaExceeded', `A zone holds at most ${RECORDS_MAX} record sets`);
  }
  const id = zone.lastChangeId + 1;
  const change = { id: String(id), startTime: new Date(nowMs).toISOString(), additions, deletions };
  const changes = [...zone.changes, change].slice(-CHANGES_MAX);
  return { zone: { ...zone, records, changes, lastChangeId: id }, change };
}

/**
 * Reads a record set from a request body.
 * @throws DnsRefusal 400 naming the field that is missing or of the wrong type
 */
export function parseRecord(value: unknown, where: string): RecordSet {
  const record = (value ?? {}) as Record<string, unknown>;
  const invalid = (field: string) =>
    new DnsRefusal(400, 'invalid', `Invalid value for '${where}.${field}'`);
  const { name, type, ttl, rrdatas } = record;
  if (typeof name !== 'string' || name === '') throw invalid('name');
  if (typeof type !== 'string' || !TYPES.includes(type)) throw invalid('type');
  if (!Number.isInteger(ttl) || (ttl as number) < 0 || (ttl as number) > 2_147_483_647) throw invalid('ttl');
  if (!Array.isArray(rrdatas) || rrdatas.length === 0 || rrdatas.length > 100) throw invalid('rrdatas');
  if (!rrdatas.every(data => typeof data === 'string' && data !== '')) throw invalid('rrdatas');
  return { name, type, ttl: ttl as number, rrdatas: rrdatas as string[] };
}

/**
 * The region the payers' name leads to. Undefined when the record is missing or points at something
 * that is no region of ours.
 * @param targets CNAME target by region id
 */
export function activeRegion(zone: Zone, targets: Record<string, string>): string | undefined {
  const target = findRecord(zone, `ledger.${zone.dnsName}`, 'CNAME')?.rrdatas[0];
  return Object.keys(targets).find(region => targets[region] === target);
}

function sameRecord(left: RecordSet, right: RecordSet): boolean {
  const data = (record: RecordSet) => JSON.stringify([record.ttl, [...record.rrdatas].sort()]);
  return data(left) === data(right);
}

function checkRecord(zone: Zone, record: RecordSet, where: string): void {
  if (record.name !== zone.dnsName && !record.name.endsWith(`.${zone.dnsName}`)) {
    throw new DnsRefusal(400, 'invalid', `Invalid value for '${where}.name': '${record.name}' is outside '${zone.dnsName}'`);
  }
  if (record.type === 'CNAME' && (record.rrdatas.length !== 1 || !record.rrdatas[0]!.endsWith('.'))) {
    throw new DnsRefusal(400, 'invalid', `Invalid value for '${where}.rrdatas': a CNAME has one full name`);
  }
}

/** DNS allows nothing beside a CNAME on the same name. */
function checkCnameAlone(records: RecordSet[], added: RecordSet, where: string): void {
  const beside = records.filter(record => record.name === added.name);
  if (beside.length === 0) return;
  if (added.type === 'CNAME' || beside.some(record => record.type === 'CNAME')) {
    throw new DnsRefusal(400, 'cnameResourceRecordSetConflict', `'${where}' conflicts with '${beside[0]!.name} (${beside[0]!.type})'`);
  }
}
