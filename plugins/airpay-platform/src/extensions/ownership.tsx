import { AppRootElementBlueprint, PageBlueprint } from '@backstage/frontend-plugin-api';
import PersonSearchIcon from '@mui/icons-material/PersonSearchOutlined';
import { OwnershipShortcut } from '../components/ownership/OwnershipShortcut';
import { ownershipRouteRef } from '../routes';

export const ownershipPage = PageBlueprint.make({
  name: 'ownership',
  params: {
    path: '/ownership',
    title: 'Ownership',
    icon: <PersonSearchIcon fontSize="inherit" />,
    routeRef: ownershipRouteRef,
    loader: async () => {
      const { OwnershipPage } = await import('../components/ownership/OwnershipPage');
      return <OwnershipPage />;
    },
  },
});

/** ⌘K / Ctrl-K on every page. */
export const ownershipShortcut = AppRootElementBlueprint.make({
  name: 'ownership-shortcut',
  params: { element: <OwnershipShortcut /> },
});
