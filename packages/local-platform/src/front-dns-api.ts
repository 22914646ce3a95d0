/**
 * Cloud DNS v1 over REST, as the public service speaks it: managed zones, record sets and changes,
 * with Google's error object. A client of the real service needs only another endpoint and token.
 */
import { type Call, HttpError, hasBearer, readJsonObject, type RenderError, type Route, sendJson } from './http-kit.ts';
import {
  applyChange,
  changeStatus,
  DnsRefusal,
  findRecord,
  parseRecord,
  type Change,
  type RecordSet,
  type Zone,
} from './front-dns.ts';

/** Where the zone is kept; `save` returns when it is on disk and in force. */
export type ZoneStore = { current: () => Zone; save: (zone: Zone) => void };

export type ChangeLog = (message: string, fields: Record<string, unknown>) => void;

const PREFIX = '/dns/v1/projects/{project}/managedZones';
const PAGE_MAX = 100;

/** Renders an error as Google APIs do. */
export const renderGoogleError: RenderError = (response, error) => {
  const { status, code, message, headers } = error;
  const errors = [{ message, domain: 'global', reason: code }];
  sendJson(response, status, { error: { code: status, message, errors } }, headers);
};

/** The routes; every one needs the bearer token. */
export function dnsRoutes(store: ZoneStore, token: string, now: () => number, log: ChangeLog): Route[] {
  const route = (method: string, path: string, handle: (call: Call, zone: Zone) => Promise<void> | void): Route => ({
    method,
    pattern: PREFIX + path,
    handle: async call => {
      if (!hasBearer(call.request, token)) {
        throw new HttpError(401, 'required', 'Login Required.', { 'www-authenticate': 'Bearer' });
      }
      const zone = store.current();
      if (call.params.project !== zone.project || (call.params.zone ?? zone.name) !== zone.name) {
        const named = call.params.zone ?? call.params.project;
        throw new HttpError(404, 'notFound', `The 'parameters.managedZone' resource named '${named}' does not exist.`);
      }
      try {
        await handle(call, zone);
      } catch (error) {
        if (error instanceof DnsRefusal) throw new HttpError(error.status, error.reason, error.message);
        throw error;
      }
    },
  });
  const change = (call: Call, additions: RecordSet[], deletions: RecordSet[]): Change => {
    const applied = applyChange(store.current(), additions, deletions, now());
    store.save(applied.zone);
    log('DNS changed', { by: call.request.headers['user-agent'], additions, deletions });
    return applied.change;
  };
  return [
    route('GET', '', ({ response }, zone) =>
      sendJson(response, 200, { kind: 'dns#managedZonesListResponse', managedZones: [zoneBody(zone)] })),
    route('GET', '/{zone}', ({ response }, zone) => sendJson(response, 200, zoneBody(zone))),
    ...recordRoutes(route, change),
    route('POST', '/{zone}/changes', async call => {
      const body = await readJsonObject(call.request);
      const made = change(call, parseList(body, 'additions'), parseList(body, 'deletions'));
      sendJson(call.response, 200, changeBody(made, now()));
    }),
    route('GET', '/{zone}/changes', ({ response, url }, zone) => {
      const newestFirst = url.searchParams.get('sortOrder') === 'descending';
      const sorted = newestFirst ? [...zone.changes].reverse() : zone.changes;
      const changes = sorted.slice(0, pageSize(url)).map(item => changeBody(item, now()));
      sendJson(response, 200, { kind: 'dns#changesListResponse', changes });
    }),
    route('GET', '/{zone}/changes/{change}', ({ response, params }, zone) => {
      const found = zone.changes.find(item => item.id === params.change);
      if (found === undefined) throw notFound('parameters.changeId', params.change!);
      sendJson(response, 200, changeBody(found, now()));
    }),
  ];
}

type MakeRoute = (method: string, path: string, handle: (call: Call, zone: Zone) => Promise<void> | void) => Route;
type MakeChange = (call: Call, additions: RecordSet[], deletions: RecordSet[]) => Change;

function recordRoutes(route: MakeRoute, change: MakeChange): Route[] {
  const existing = (zone: Zone, params: Record<string, string>) => {
    const found = findRecord(zone, params.name!, params.type!);
    if (found === undefined) throw notFound('parameters.name', `${params.name} (${params.type})`);
    return found;
  };
  return [
    route('GET', '/{zone}/rrsets', ({ response, url }, zone) => {
      const name = url.searchParams.get('name');
      const type = url.searchParams.get('type');
      const rrsets = zone.records
        .filter(record => (name === null || record.name === name) && (type === null || record.type === type))
        .slice(0, pageSize(url))
        .map(recordBody);
      sendJson(response, 200, { kind: 'dns#resourceRecordSetsListResponse', rrsets });
    }),
    route('POST', '/{zone}/rrsets', async call => {
      const record = parseRecord(await readJsonObject(call.request), 'entity');
      change(call, [record], []);
      sendJson(call.response, 200, recordBody(record));
    }),
    route('GET', '/{zone}/rrsets/{name}/{type}', ({ response, params }, zone) =>
      sendJson(response, 200, recordBody(existing(zone, params)))),
    route('PATCH', '/{zone}/rrsets/{name}/{type}', async (call, zone) => {
      const body = await readJsonObject(call.request);
      const before = existing(zone, call.params);
      const after = parseRecord({ ...before, ...body }, 'entity');
      change(call, [after], [before]);
      sendJson(call.response, 200, recordBody(after));
    }),
    route('DELETE', '/{zone}/rrsets/{name}/{type}', (call, zone) => {
      change(call, [], [existing(zone, call.params)]);
      sendJson(call.response, 200, {});
    }),
  ];
}

function parseList(body: Record<string, unknown>, field: string): RecordSet[] {
  const list = body[field] ?? [];
  if (!Array.isArray(list) || list.length > PAGE_MAX) {
    throw new DnsRefusal(400, 'invalid', `Invalid value for 'entity.change.${field}'`);
  }
  return list.map((item, index) => parseRecord(item, `entity.change.${field}[${index}]`));
}

function pageSize(url: URL): number {
  const wanted = Number(url.searchParams.get('maxResults') ?? PAGE_MAX);
  if (!Number.isInteger(wanted) || wanted < 1) {
    throw new HttpError(400, 'invalid', "Invalid value for 'parameters.maxResults'");
  }
  return Math.min(wanted, PAGE_MAX);
}

function notFound(field: string, name: string): HttpError {
  return new HttpError(404, 'notFound', `The '${field}' resource named '${name}' does not exist.`);
}

function zoneBody(zone: Zone) {
  const { name, dnsName } = zone;
  return { kind: 'dns#managedZone', id: '1', name, dnsName, description: 'Names payers use', visibility: 'public', nameServers: ['ns-cloud-a1.googledomains.com.'], creationTime: '2026-01-01T00:00:00.000Z' };
}

function recordBody(record: RecordSet) {
  return { kind: 'dns#resourceRecordSet', ...record, signatureRrdatas: [] };
}

function changeBody(change: Change, nowMs: number) {
  return {
    kind: 'dns#change',
    id: change.id,
    startTime: change.startTime,
    status: changeStatus(change, nowMs),
    isServing: false,
    additions: change.additions.map(recordBody),
    deletions: change.deletions.map(recordBody),
  };
}
