import { createFrontendPlugin } from '@backstage/frontend-plugin-api';
import { platformApi } from './extensions/api';
import { entityBudgetCard, entitySlosContent } from './extensions/entity';
import { homePage } from './extensions/home';
import { ownershipPage, ownershipShortcut } from './extensions/ownership';
import { slosPage } from './extensions/slos';
import { entitySlosRouteRef, homeRouteRef, ownershipRouteRef, sloRouteRef, slosRouteRef } from './routes';

export const airpayPlatformPlugin = createFrontendPlugin({
  pluginId: 'airpay-platform',
  title: 'Airpay',
  routes: {
    home: homeRouteRef,
    slos: slosRouteRef,
    slo: sloRouteRef,
    ownership: ownershipRouteRef,
    entitySlos: entitySlosRouteRef,
  },
  extensions: [platformApi, homePage, slosPage, ownershipPage, ownershipShortcut, entitySlosContent, entityBudgetCard],
});
