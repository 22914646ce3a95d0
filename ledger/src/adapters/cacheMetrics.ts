/** What Prometheus reads of the cache. Registered only where there is one. */
import { Counter, Gauge, type Registry } from 'prom-client';
import { readResults, type CacheMeter } from '../domain/cache.ts';

/** `isUp` is asked at each scrape. */
export function registerCacheMetrics(registry: Registry, isUp: () => boolean): CacheMeter {
  const registers = [registry];
  const reads = new Counter({ name: 'ledger_cache_reads_total', help: 'Reads of the cache; anything but a hit was then answered by the database', labelNames: ['kind', 'result'], registers });
  new Gauge({
    name: 'ledger_cache_up',
    help: '1 while Redis answers in time',
    registers,
    collect() {
      this.set(isUp() ? 1 : 0);
    },
  });
  const dropped = new Counter({ name: 'ledger_cache_dropped_total', help: 'Writes to the cache that were given up; the repair worker makes up for them', registers });
  const repaired = new Counter({ name: 'ledger_cache_repaired_total', help: 'Entries that the repair worker found missing or older than the journal', registers });
  const untrue = new Counter({ name: 'ledger_cache_untrue_total', help: 'Entries that were not believed, or said other than the database', registers });
  const positions = new Gauge({ name: 'ledger_projection_lag_positions', help: 'Rows of the journal that are not known to be in the cache', registers });
  const seconds = new Gauge({ name: 'ledger_projection_lag_seconds', help: 'Age of the last moment up to which the cache is known to be complete', registers });
  // From the first scrape on, so that a rate is 0 and not absent.
  for (const kind of ['account', 'answer']) for (const result of readResults) reads.inc({ kind, result }, 0);
  return {
    read: (kind, result) => reads.inc({ kind, result }),
    dropped: count => dropped.inc(count),
    repaired: count => repaired.inc(count),
    untrue: count => untrue.inc(count),
    lag: (behind, age) => {
      positions.set(behind);
      seconds.set(age);
    },
  };
}
