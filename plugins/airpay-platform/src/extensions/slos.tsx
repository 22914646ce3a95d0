import { PageBlueprint } from '@backstage/frontend-plugin-api';
import SpeedIcon from '@mui/icons-material/Speed';
import { slosRouteRef } from '../routes';

export const slosPage = PageBlueprint.make({
  name: 'slos',
  params: {
    path: '/platform/slos',
    title: 'SLOs',
    icon: <SpeedIcon fontSize="inherit" />,
    routeRef: slosRouteRef,
    loader: async () => {
      const { SlosPage } = await import('../components/slo/SlosPage');
      return <SlosPage />;
    },
  },
});
