import { createApp } from '@backstage/frontend-defaults';
import { navModule } from './modules/nav';
import { settingsModule } from './modules/settings';
import { signInModule } from './modules/signIn';
import { themeModule } from './modules/theme';

/** What dresses the plugins; the plugins themselves are found in package.json (app.packages: all). */
export const shell = [themeModule, navModule, signInModule, settingsModule];

export default createApp({ features: shell });
