import { PageBlueprint } from '@backstage/frontend-plugin-api';
import RecoveryIcon from '@mui/icons-material/SwapHorizontalCircleOutlined';
import { recoveryRouteRef } from '../routes';

export const recoveryPage = PageBlueprint.make({
  params: {
    path: '/recovery',
    title: 'Recovery',
    icon: <RecoveryIcon fontSize="inherit" />,
    routeRef: recoveryRouteRef,
    loader: () => import('../components/RecoveryPage').then(module => <module.RecoveryPage />),
  },
});
