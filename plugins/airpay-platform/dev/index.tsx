// A page to work on the plugin without a backend: `yarn start` in this folder.
// `?state=empty|error|partial|slow` on the first address shows the other states.
import { createDevApp } from '@backstage/frontend-dev-utils';
import plugin from '../src';
import { fakes } from './fakes';

createDevApp({ features: [plugin, ...fakes] });
