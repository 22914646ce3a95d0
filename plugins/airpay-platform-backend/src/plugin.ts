import { coreServices, createBackendPlugin, RootConfigService } from '@backstage/backend-plugin-api';
import { catalogServiceRef } from '@backstage/plugin-catalog-node';
import { airpayPlatformPermissions } from '@airpay/plugin-airpay-platform-common';
import { HttpAlertmanager } from './Alertmanager';
import { ServiceCatalog } from './Catalog';
import { HttpKubernetes, tokenSource } from './Kubernetes';
import { OverviewService } from './OverviewService';
import { OwnershipService } from './OwnershipService';
import { HttpPrometheus } from './Prometheus';
import { createRouter } from './router';
import { DirectorySloFiles } from './SloFiles';
import { SloService } from './SloService';

function upstream(config: RootConfigService, key: string) {
  return { baseUrl: config.getString(`${key}.baseUrl`), token: config.getOptionalString(`${key}.token`) };
}

/** Empty when all history is measured: an environment variable that is not set gives an empty text. */
function sampleHistoryUntil(config: RootConfigService): string | null {
  const value = config.getOptional('airpay.slo.sampleHistoryUntil');
  if (typeof value !== 'string' || value === '') return null;
  const time = Date.parse(value);
  if (Number.isNaN(time)) throw new Error(`airpay.slo.sampleHistoryUntil: "${value}" is no ISO time`);
  return new Date(time).toISOString();
}

/** SLOs, overview and ownership under /api/airpay-platform. */
export const airpayPlatformPlugin = createBackendPlugin({
  pluginId: 'airpay-platform',
  register(env) {
    env.registerInit({
      deps: {
        config: coreServices.rootConfig,
        httpAuth: coreServices.httpAuth,
        httpRouter: coreServices.httpRouter,
        permissions: coreServices.permissions,
        permissionsRegistry: coreServices.permissionsRegistry,
        catalogService: catalogServiceRef,
      },
      async init({ config, httpAuth, httpRouter, permissions, permissionsRegistry, catalogService }) {
        permissionsRegistry.addPermissions(airpayPlatformPermissions);
        const prometheus = new HttpPrometheus(upstream(config, 'airpay.prometheus'));
        const alertmanager = new HttpAlertmanager(upstream(config, 'airpay.alertmanager'));
        const catalog = new ServiceCatalog(catalogService);
        const slos = new SloService({
          prometheus,
          catalog,
          files: new DirectorySloFiles(config.getOptionalString('airpay.slo.directory') ?? 'infra/slo'),
          sampleHistoryUntil: sampleHistoryUntil(config),
        });
        const kubernetes = (config.getOptionalConfigArray('airpay.ownership.kubernetes') ?? []).map(
          one =>
            new HttpKubernetes({
              region: one.getString('region'),
              url: one.getString('url'),
              token: tokenSource(one.getOptionalString('token')),
            }),
        );
        httpRouter.use(
          createRouter({
            httpAuth,
            permissions,
            slos,
            overview: new OverviewService({ prometheus, alertmanager, slos }),
            ownership: new OwnershipService({ catalog, prometheus, kubernetes }),
          }),
        );
      },
    });
  },
});
