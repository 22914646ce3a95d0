/** The table of `make status` and the same facts as JSON. */

export interface ProcessStatus {
  name: string;
  kind: string;
  region: string | null;
  role: string | null;
  port: number;
  pid: number | null;
  state: 'starting' | 'healthy' | 'unhealthy' | 'stopped' | 'failed';
  startedAt: string | null;
  restarts: number;
  lastExit: string | null;
  /** A database: how far it is behind the primary it follows, bytes of write-ahead log. */
  lagBytes?: number;
  /** With all its children. */
  memoryBytes?: number;
  /** Share of one core since it was last asked, 0.05 = 5 %. */
  cpu?: number;
}

export interface PlatformStatus {
  /** The portal's address. */
  url: string;
  processes: ProcessStatus[];
}

const health: Record<ProcessStatus['state'], string> = {
  starting: '… starting', healthy: '✓ healthy', unhealthy: '✗ unhealthy', stopped: '– stopped', failed: '✗ failed',
};

/** 1536 -> "1.5 KB"; whole numbers below 10 keep one decimal. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit > 0 && value < 10 ? value.toFixed(1) : value.toFixed(0)} ${units[unit]}`;
}

/** Whether nothing is wrong: what was stopped on purpose is not healthy either. */
export function allHealthy({ processes }: PlatformStatus): boolean {
  return processes.length > 0 && processes.every(one => one.state === 'healthy');
}

/** The table, one line per process, and a last line with the sums. */
export function formatStatus({ url, processes }: PlatformStatus): string {
  const rows = processes.map(one => [
    one.name,
    one.region ?? 'hub',
    one.role ?? '',
    String(one.port),
    health[one.state] + (one.restarts > 0 ? ` (${one.restarts} restart${one.restarts > 1 ? 's' : ''})` : ''),
    one.lagBytes === undefined ? '' : formatBytes(one.lagBytes),
    one.memoryBytes === undefined ? '' : formatBytes(one.memoryBytes),
    one.cpu === undefined ? '' : `${(one.cpu * 100).toFixed(1)} %`,
  ]);
  const head = ['PROCESS', 'REGION', 'ROLE', 'PORT', 'HEALTH', 'LAG', 'MEMORY', 'CPU'];
  const rightAligned = new Set([3, 5, 6, 7]);
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map(row => row[column]!.length)));
  const line = (row: string[]) => row.map((cell, column) => (rightAligned.has(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!))).join('  ').trimEnd();
  const sum = (pick: (one: ProcessStatus) => number | undefined) => processes.reduce((total, one) => total + (pick(one) ?? 0), 0);
  const bad = processes.filter(one => one.state !== 'healthy').length;
  const summary = `${processes.length} processes, ${bad === 0 ? 'all healthy' : `${bad} not healthy`}, ${formatBytes(sum(one => one.memoryBytes))}, ${(sum(one => one.cpu) * 100).toFixed(0)} % of one core   ${url}`;
  return [line(head), ...rows.map(line), '', summary].join('\n');
}
