/** Joins what the supervisor knows with what Patroni says now and what the processes use. */
import type { PlatformConfig, RegionConfig } from './config.ts';
import { logPosition, readCluster, replayPosition } from './patroni.ts';
import { allProcesses, memoryBytes, withDescendants, type ProcessFacts } from './proc-table.ts';
import type { PlatformStatus, ProcessStatus } from './status.ts';
import type { Supervisor } from './supervisor.ts';

interface DatabaseFacts {
  role: string;
  lagBytes?: number;
}

/** Role of each member as Patroni sees it, and how far it is behind the one primary. */
async function databaseFacts(regions: RegionConfig[]): Promise<Map<string, DatabaseFacts>> {
  const clusters = await Promise.all(regions.map(async region => ({ region, members: await readCluster(region) })));
  const facts = new Map<string, DatabaseFacts>();
  const ports = new Map(regions.flatMap(region => region.members.map(member => [member.name, member.restPort] as const)));
  const roles = clusters.flatMap(({ members }) => members.map(({ name, role }) => ({ name, role: role === 'leader' ? 'primary' : role })));
  const primary = roles.find(one => one.role === 'primary');
  // Standbys first: asked after them, the primary can only be ahead.
  const replayed = await Promise.all(roles.map(async one => (one === primary ? undefined : replayPosition(ports.get(one.name)!))));
  const written = primary && (await logPosition(ports.get(primary.name)!));
  roles.forEach(({ name, role }, index) => {
    const position = replayed[index];
    facts.set(name, { role, ...(position !== undefined && written !== undefined && { lagBytes: Math.max(0, written - position) }) });
  });
  return facts;
}

const kindOrder = ['portal', 'postgres', 'patroni', 'etcd', 'haproxy', 'redis', 'ledger', 'link', 'front', 'payer', 'backup'];

/** The hub first, then region by region; within them the data layer first. */
function inTableOrder(one: ProcessStatus, other: ProcessStatus): number {
  const rank = ({ kind }: ProcessStatus) => (kindOrder.includes(kind) ? kindOrder.indexOf(kind) : kindOrder.length);
  return (one.region ?? '').localeCompare(other.region ?? '') || rank(one) - rank(other) || one.name.localeCompare(other.name);
}

/** An observer that remembers CPU times from one look to the next, and answers from memory within two seconds. */
export function observer(config: PlatformConfig, supervisor: Supervisor): () => Promise<PlatformStatus> {
  const before = new Map<string, { ticks: number; atMs: number }>();
  let cached: { at: number; status: Promise<PlatformStatus> } | undefined;

  /** CPU share of one process tree since the last look; undefined at the first. */
  const cpuShare = (name: string, ticks: number): number | undefined => {
    const last = before.get(name);
    const atMs = Date.now();
    before.set(name, { ticks, atMs });
    if (!last || ticks < last.ticks || atMs - last.atMs < 100) return undefined;
    return (ticks - last.ticks) * 10 / (atMs - last.atMs);
  };

  const usage = (name: string, roots: number[], everything: ProcessFacts[]): Pick<ProcessStatus, 'memoryBytes' | 'cpu'> => {
    if (roots.length === 0) return {};
    const tree = withDescendants(roots, everything);
    const cpu = cpuShare(name, tree.reduce((sum, one) => sum + one.cpuTicks, 0));
    return { memoryBytes: tree.reduce((sum, one) => sum + memoryBytes(one.pid), 0), ...(cpu !== undefined && { cpu }) };
  };

  const look = async (): Promise<PlatformStatus> => {
    const databases = await databaseFacts(config.regions);
    const own: ProcessStatus = {
      name: 'supervisor', kind: 'supervisor', region: null, role: 'control', port: config.ports.control, pid: process.pid,
      state: 'healthy', startedAt: new Date(Date.now() - process.uptime() * 1000).toISOString(), restarts: 0, lastExit: null,
      ...usageOfSelf(),
    };
    const everything = allProcesses();
    const processes = supervisor.list().map((one): ProcessStatus => ({ ...one, ...usage(one.name, supervisor.rootPids(one.name), everything), ...(one.pid ? databases.get(one.name) : {}) }));
    return { url: `http://localhost:${config.ports.portal}`, processes: [own, ...processes.sort(inTableOrder)] };
  };

  /** Alone: every other process is below it only as long as it started them itself. */
  const usageOfSelf = () => {
    const { user, system } = process.cpuUsage();
    const cpu = cpuShare('supervisor', (user + system) / 10_000);
    return { memoryBytes: memoryBytes(process.pid), ...(cpu !== undefined && { cpu }) };
  };

  return () => {
    if (!cached || Date.now() - cached.at > 2_000) cached = { at: Date.now(), status: look() };
    return cached.status;
  };
}
