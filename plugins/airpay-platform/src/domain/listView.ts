import { byBudgetLeft, type SloSummary, type Status } from '@airpay/plugin-airpay-platform-common';

// What the SLO list shows, kept in the URL so that a view can be sent to someone.

export const sortKeys = ['budget', 'service', 'objective', 'availability', 'burn', 'exhaustion', 'owner'] as const;
export type SortKey = (typeof sortKeys)[number];

export interface ListView {
  sort: SortKey;
  descending: boolean;
  text: string;
  status: Status | null;
  owner: string | null;
}

const statuses: readonly Status[] = ['ok', 'watch', 'act', 'unknown'];

/** Unknown values in the URL fall back to the default view. */
export function readView(search: URLSearchParams): ListView {
  const [key, direction] = (search.get('sort') ?? 'budget').split('-');
  return {
    sort: sortKeys.find(one => one === key) ?? 'budget',
    descending: direction === 'desc',
    text: search.get('filter') ?? '',
    status: statuses.find(one => one === search.get('status')) ?? null,
    owner: search.get('owner'),
  };
}

/** Only what differs from the default is written; parameters of others are kept. */
export function writeView(view: ListView, search: URLSearchParams): URLSearchParams {
  const next = new URLSearchParams(search);
  const set = (name: string, value: string | null) => (value ? next.set(name, value) : next.delete(name));
  const sort = `${view.sort}${view.descending ? '-desc' : ''}`;
  set('sort', sort === 'budget' ? null : sort);
  set('filter', view.text);
  set('status', view.status);
  set('owner', view.owner);
  return next;
}

/** A click on a column head: the same column turns round, another starts ascending. */
export function toggleSort(view: ListView, key: SortKey): ListView {
  return { ...view, sort: key, descending: view.sort === key ? !view.descending : false };
}

/** Missing values sort before all others (unknown wants eyes), or after, when turned round. */
function numeric(read: (slo: SloSummary) => number | null, missing = -Infinity) {
  return (a: SloSummary, b: SloSummary) => {
    const left = read(a) ?? missing;
    const right = read(b) ?? missing;
    return left === right ? a.id.localeCompare(b.id) : left - right;
  };
}

const compare: Record<SortKey, (a: SloSummary, b: SloSummary) => number> = {
  budget: byBudgetLeft,
  service: (a, b) => a.id.localeCompare(b.id),
  objective: numeric(slo => slo.objectivePercent),
  availability: numeric(slo => slo.availability.value),
  burn: numeric(slo => slo.burnNow.value),
  exhaustion: numeric(slo => slo.exhaustsInSeconds, Infinity),
  owner: (a, b) => (a.owner ?? '').localeCompare(b.owner ?? '') || a.id.localeCompare(b.id),
};

export function applyView(slos: readonly SloSummary[], view: ListView): SloSummary[] {
  const words = view.text.toLocaleLowerCase('en-US').split(/\s+/).filter(Boolean);
  const kept = slos.filter(slo => {
    const text = `${slo.id} ${slo.title} ${slo.service} ${slo.owner ?? ''}`.toLocaleLowerCase('en-US');
    return (
      words.every(word => text.includes(word)) &&
      (view.status === null || slo.status === view.status) &&
      (view.owner === null || slo.owner === view.owner)
    );
  });
  kept.sort(compare[view.sort]);
  return view.descending ? kept.reverse() : kept;
}

export interface HeatCell {
  owner: string;
  service: string;
  slos: SloSummary[];
  /** The SLO with the least budget left; unknown first. */
  worst: SloSummary;
}

/** Worst budget per owner and service; owners and services in alphabetical order. */
export function heatMap(slos: readonly SloSummary[]): { owners: string[]; services: string[]; cells: Map<string, HeatCell> } {
  const cells = new Map<string, HeatCell>();
  for (const slo of [...slos].sort(byBudgetLeft)) {
    const owner = slo.owner ?? 'nobody';
    const key = `${owner} ${slo.service}`;
    const cell = cells.get(key);
    if (cell) cell.slos.push(slo);
    else cells.set(key, { owner, service: slo.service, slos: [slo], worst: slo });
  }
  const all = [...cells.values()];
  const unique = (values: string[]) => [...new Set(values)].sort((a, b) => a.localeCompare(b));
  return { owners: unique(all.map(one => one.owner)), services: unique(all.map(one => one.service)), cells };
}

/** How many SLOs are in each state. */
export function countByStatus(slos: readonly SloSummary[]): Record<Status, number> {
  const counts: Record<Status, number> = { ok: 0, watch: 0, act: 0, unknown: 0 };
  for (const slo of slos) counts[slo.status] += 1;
  return counts;
}

/** SLOs that belong to an entity; a backend that does not know the entity of an SLO says null. */
export function budgetsOfEntity(slos: readonly SloSummary[], entityRef: string): SloSummary[] {
  return slos.filter(slo => slo.entityRef === null || slo.entityRef.toLocaleLowerCase('en-US') === entityRef);
}
