import { coreExtensionData, createExtension, ExtensionBoundary } from '@backstage/frontend-plugin-api';

// The home page of the airpay-platform plugin declares these inputs; neither plugin imports the other.
// Without that plugin the extensions are simply not shown.
const homePage = 'page:airpay-platform/home';

export const recoveryHomeTile = createExtension({
  name: 'home-tile',
  attachTo: { id: homePage, input: 'recovery' },
  output: [coreExtensionData.reactElement],
  factory: ({ node }) => [
    coreExtensionData.reactElement(
      ExtensionBoundary.lazy(node, () =>
        import('../components/tile/RecoveryTile').then(module => <module.RecoveryTile />),
      ),
    ),
  ],
});

export const recoveryHomeLine = createExtension({
  name: 'home-line',
  attachTo: { id: homePage, input: 'recoveryLine' },
  output: [coreExtensionData.reactElement],
  factory: ({ node }) => [
    coreExtensionData.reactElement(
      ExtensionBoundary.lazy(node, () =>
        import('../components/tile/RecoveryLine').then(module => <module.RecoveryLine />),
      ),
    ),
  ],
});
