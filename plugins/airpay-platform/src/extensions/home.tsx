// The home page. Other plugins attach to it, without importing this one:
//   attachTo: { id: 'page:airpay-platform/home', input: 'recovery' }      the Recovery tile (a card body)
//   attachTo: { id: 'page:airpay-platform/home', input: 'recoveryLine' }  the second line of the page: would we
//                                                                         survive losing a region now? (inline text)
// Both give coreExtensionData.reactElement. The tile draws frame and heading ("Recovery"); give the content only.
import {
  PageBlueprint,
  coreExtensionData,
  createExtensionInput,
} from '@backstage/frontend-plugin-api';
import HomeIcon from '@mui/icons-material/HomeOutlined';
import { homeRouteRef } from '../routes';

export const homePage = PageBlueprint.makeWithOverrides({
  name: 'home',
  inputs: {
    recovery: createExtensionInput([coreExtensionData.reactElement]),
    recoveryLine: createExtensionInput([coreExtensionData.reactElement]),
  },
  factory(originalFactory, { inputs }) {
    return originalFactory({
      path: '/',
      title: 'Home',
      icon: <HomeIcon fontSize="inherit" />,
      routeRef: homeRouteRef,
      loader: async () => {
        const { HomePage } = await import('../components/home/HomePage');
        return (
          <HomePage
            recovery={inputs.recovery.map(one => one.get(coreExtensionData.reactElement))}
            recoveryLine={inputs.recoveryLine.map(one => one.get(coreExtensionData.reactElement))}
          />
        );
      },
    });
  },
});
