/** The list of backend features. Nothing else belongs here: behaviour lives in plugins, settings in app-config. */
import { createBackend } from '@backstage/backend-defaults';

const backend = createBackend();

// The built browser app.
backend.add(import('@backstage/plugin-app-backend'));

// Who somebody is: Google in production; the catalog's people on the local platform only.
backend.add(import('@backstage/plugin-auth-backend'));
backend.add(import('@backstage/plugin-auth-backend-module-google-provider'));
backend.add(import('@airpay/plugin-auth-backend-module-local-people'));

// What they may do.
backend.add(import('@backstage/plugin-permission-backend'));
backend.add(import('@airpay/plugin-permission-backend-module-airpay'));

// What exists and who owns it.
backend.add(import('@backstage/plugin-catalog-backend'));
backend.add(
  import('@backstage/plugin-catalog-backend-module-scaffolder-entity-model'),
);
backend.add(import('@backstage/plugin-catalog-backend-module-logs'));

// New services.
backend.add(import('@backstage/plugin-scaffolder-backend'));
backend.add(import('@backstage/plugin-scaffolder-backend-module-gitea'));
backend.add(import('@airpay/plugin-scaffolder-backend-module-airpay'));

// Finding and reading.
backend.add(import('@backstage/plugin-search-backend'));
backend.add(import('@backstage/plugin-search-backend-module-pg'));
backend.add(import('@backstage/plugin-search-backend-module-catalog'));
backend.add(import('@backstage/plugin-search-backend-module-techdocs'));
backend.add(import('@backstage/plugin-techdocs-backend'));

// What runs.
backend.add(import('@backstage/plugin-kubernetes-backend'));
backend.add(import('@airpay/plugin-airpay-platform-backend'));
backend.add(import('@airpay/plugin-airpay-dr-backend'));

backend.add(import('@backstage/plugin-user-settings-backend'));

backend.start();
