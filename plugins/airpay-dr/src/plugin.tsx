import { createFrontendPlugin } from '@backstage/frontend-plugin-api';
import { recoveryApi } from './extensions/api';
import { recoveryEntityCard, recoveryEntityContent } from './extensions/entity';
import { recoveryHomeLine, recoveryHomeTile } from './extensions/home';
import { recoveryPage } from './extensions/page';
import { planRouteRef, recoveryRouteRef, runRouteRef } from './routes';

/** Recovery: would we survive losing a region, and the runs that prove it. */
export const airpayDrPlugin = createFrontendPlugin({
  pluginId: 'airpay-dr',
  title: 'Recovery',
  info: { packageJson: () => import('../package.json') },
  routes: { root: recoveryRouteRef, plan: planRouteRef, run: runRouteRef },
  extensions: [recoveryApi, recoveryPage, recoveryEntityCard, recoveryEntityContent, recoveryHomeTile, recoveryHomeLine],
});
