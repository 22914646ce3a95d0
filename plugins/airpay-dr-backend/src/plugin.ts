import { hostname } from 'node:os';
import { airpayDrPermissions } from '@airpay/plugin-airpay-dr-common';
import { coreServices, createBackendPlugin } from '@backstage/backend-plugin-api';
import { HttpLedger } from './adapters/Ledger';
import { GkeNodePool } from './adapters/NodePools';
import { HttpPatroni } from './adapters/Patroni';
import { HttpPayerLog } from './adapters/PayerLog';
import { PgRegionDatabase } from './adapters/RegionDatabase';
import { KnexRunStore } from './adapters/RunStore';
import { CloudDnsTraffic } from './adapters/Traffic';
import { KubernetesWorkload } from './adapters/Workloads';
import { stepBook, SystemParts } from './book';
import { createRouter } from './router';
import { RunService } from './RunService';
import { RunWorker } from './RunWorker';
import { readSettings, SystemSettings } from './settings';
import { SystemObserver, SystemPorts } from './SystemObserver';

/** How soon a run whose worker died is taken up again, after its lease has run out. */
const resumeEverySeconds = 3;

function portsOf(system: SystemSettings): SystemPorts {
  return {
    name: system.name,
    regions: system.regions.map(region => ({
      id: region.id,
      patroni: new HttpPatroni(`Patroni of ${region.title}`, region.patroni),
      database: new PgRegionDatabase(`PostgreSQL of ${region.title}`, region.id, region.databaseUrls),
      pool: new GkeNodePool(region.gke),
      workload: new KubernetesWorkload(region.kubernetes),
    })),
    traffic: new CloudDnsTraffic(system.traffic),
    ledger: new HttpLedger(system.ledger),
    payerLog: new HttpPayerLog(system.payerLog),
  };
}

function partsOf(settings: SystemSettings): SystemParts {
  const ports = portsOf(settings);
  return { settings, ports, observer: new SystemObserver(ports) };
}

/** Recovery of regional systems: topology, readiness, plans and durable runs. */
export const airpayDrPlugin = createBackendPlugin({
  pluginId: 'airpay-dr',
  register(env) {
    env.registerInit({
      deps: {
        auditor: coreServices.auditor,
        config: coreServices.rootConfig,
        database: coreServices.database,
        httpAuth: coreServices.httpAuth,
        httpRouter: coreServices.httpRouter,
        lifecycle: coreServices.lifecycle,
        logger: coreServices.logger,
        permissions: coreServices.permissions,
        permissionsRegistry: coreServices.permissionsRegistry,
        scheduler: coreServices.scheduler,
      },
      async init({ auditor, config, database, httpAuth, httpRouter, lifecycle, logger, permissions, permissionsRegistry, scheduler }) {
        const systems = readSettings(config).map(partsOf);
        const store = await KnexRunStore.create(await database.getClient());
        const worker = new RunWorker({
          store,
          logger,
          owner: `${hostname()}:${process.pid}`,
          stepsFor: run => {
            const system = systems.find(one => one.settings.name === run.system);
            if (!system) throw new Error(`System ${run.system} is not configured any more`);
            return stepBook(run, system);
          },
        });
        await Promise.all(systems.flatMap(({ ports }) => ports.regions.map(region => region.pool.warmUp())));
        const runs = new RunService({ systems, store, wake: id => worker.wake(id) });
        permissionsRegistry.addPermissions(airpayDrPermissions);
        httpRouter.use(createRouter({ runs, httpAuth, permissions, auditor }));
        await scheduler.scheduleTask({
          id: 'resume-abandoned-runs',
          // Every process looks: the one that crashed may be the only one that held the global lock.
          scope: 'local',
          frequency: { seconds: resumeEverySeconds },
          timeout: { seconds: 30 },
          fn: () => worker.resumeAbandoned(),
        });
        lifecycle.addShutdownHook(() => worker.stop());
      },
    });
  },
});
