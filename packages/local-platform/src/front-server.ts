/**
 * The traffic front: stands for the global load balancer and Cloud DNS. Payers talk to its public
 * port; who may switch traffic changes the DNS record through the Cloud DNS API on the other port.
 */
import { adminRoutes } from './front-admin.ts';
import { dnsRoutes, renderGoogleError, type ZoneStore } from './front-dns-api.ts';
import { activeRegion, initialZone, type Zone } from './front-dns.ts';
import { faultFor, type ActiveFault } from './front-faults.ts';
import { watchHealth } from './front-health.ts';
import { frontMetrics } from './front-metrics.ts';
import { proxy } from './front-proxy.ts';
import { listen, renderProblem, router } from './http-kit.ts';
import type { Log } from './program-kit.ts';
import { stateFile } from './state-file.ts';

export type FrontOptions = {
  publicPort: number;
  dnsPort: number;
  /** The first one has the traffic until somebody changes the record. */
  regions: { id: string; trafficTarget: string; ledgerPorts: number[] }[];
  stateFile: string;
  dnsToken: string;
  /** Needed to inject a fault. */
  controlToken: string;
};

/** Starts both servers. @throws Error naming a port that is taken */
export async function startFront(options: FrontOptions, log: Log) {
  const regions = options.regions.map(region => region.id);
  const targets = Object.fromEntries(options.regions.map(region => [region.id, region.trafficTarget]));
  const ledgerPorts = Object.fromEntries(options.regions.map(region => [region.id, region.ledgerPorts]));
  const file = stateFile<Zone>(options.stateFile, () => initialZone(options.regions[0]!.trafficTarget));
  const metrics = frontMetrics();
  let zone = file.read();
  let fault: ActiveFault | undefined;
  const active = () => activeRegion(zone, targets);
  const watch = watchHealth(ledgerPorts, active);
  const store: ZoneStore = {
    current: () => zone,
    save: next => {
      file.write(next);
      zone = next;
      const region = active();
      // Do not send the first requests by a health that is seconds old.
      if (region !== undefined) void watch.check(region);
    },
  };
  const traffic = proxy({
    backends: watch.backends,
    activeRegion: active,
    fault: () => faultFor(fault, Date.now(), Math.random()),
    metrics,
  });
  const faults = { current: () => fault, set: (next: ActiveFault) => (fault = next) };
  const admin = adminRoutes({ regions, active, backends: watch.backends, metrics, faults, token: options.controlToken, log });
  const dns = router(dnsRoutes(store, options.dnsToken, Date.now, log), renderGoogleError);
  const own = router(admin, renderProblem);
  // Whoever connects first must not be refused only because nobody has looked yet.
  await Promise.all(regions.map(watch.check));
  const publicServer = await listen('front', options.publicPort, traffic.handle);
  const dnsServer = await listen('front', options.dnsPort, (request, response) =>
    void (request.url?.startsWith('/dns/') ? dns(request, response) : own(request, response)));
  return {
    publicPort: publicServer.port,
    dnsPort: dnsServer.port,
    checkNow: async () => void (await Promise.all(regions.map(watch.check))),
    stop: async () => {
      watch.stop();
      await Promise.all([publicServer.close(), dnsServer.close()]);
      traffic.close();
    },
  };
}
