/**
 * Watches the ledger processes behind the front: asks each configured port of the active region
 * for /readyz twice a second. Other regions are asked seldom, until traffic turns to them.
 */
import { Agent, request } from 'node:http';
import type { Backend, Health } from './front-balance.ts';

export const CHECK_EVERY_MS = 500;
export const CHECK_TIMEOUT_MS = 1_000;
/** Standby regions are checked once in this many rounds. */
const STANDBY_ROUNDS = 10;

export type HealthWatch = {
  backends: Backend[];
  /** Checks one region now; returns when every port has answered or timed out. */
  check: (region: string) => Promise<void>;
  stop: () => void;
};

/**
 * Starts watching.
 * @param ports ledger ports by region, every one that may ever be used
 * @param active tells which region has the traffic
 */
export function watchHealth(ports: Record<string, number[]>, active: () => string | undefined): HealthWatch {
  const agent = new Agent({ keepAlive: true, maxSockets: 2, timeout: 10_000 });
  const backends: Backend[] = Object.entries(ports).flatMap(([region, list]) =>
    list.map(port => ({ region, port, health: 'dead' as Health })));
  const check = async (region: string) => {
    const inRegion = backends.filter(backend => backend.region === region);
    await Promise.all(inRegion.map(async backend => {
      backend.health = await probe(agent, backend.port);
    }));
  };
  let round = 0;
  const running = new Set<string>();
  const tick = () => {
    for (const region of Object.keys(ports)) {
      if (running.has(region) || (region !== active() && round % STANDBY_ROUNDS !== 0)) continue;
      running.add(region);
      void check(region).finally(() => running.delete(region));
    }
    round += 1;
  };
  tick();
  const timer = setInterval(tick, CHECK_EVERY_MS);
  return {
    backends,
    check,
    stop: () => {
      clearInterval(timer);
      agent.destroy();
    },
  };
}

/** One question to one port; an answer that does not come in time counts as dead. */
function probe(agent: Agent, port: number): Promise<Health> {
  return new Promise(resolve => {
    const call = request({ host: '127.0.0.1', port, path: '/readyz', agent }, response => {
      response.resume();
      resolve(response.statusCode === 200 ? 'ready' : 'alive');
    });
    // Not setTimeout on the socket: that one only counts idle time.
    const limit = setTimeout(() => call.destroy(new Error('too slow')), CHECK_TIMEOUT_MS);
    call.on('error', () => resolve('dead'));
    call.on('close', () => clearTimeout(limit));
    call.end();
  });
}
