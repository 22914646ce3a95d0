import { createBackendModule } from '@backstage/backend-plugin-api';
export default createBackendModule({ pluginId: 'scaffolder', moduleId: 'airpay', register(env) { env.registerInit({ deps: {}, async init() {} }); } });
