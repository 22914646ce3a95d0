import { createFrontendModule } from '@backstage/frontend-plugin-api';
import { ThemeBlueprint } from '@backstage/plugin-app-react';
import DarkIcon from '@mui/icons-material/DarkModeOutlined';
import LightIcon from '@mui/icons-material/LightModeOutlined';
import { PortalTheme } from './PortalTheme';
import '@fontsource/inter/latin-400.css';
import '@fontsource/inter/latin-600.css';
import '@fontsource/inter/latin-ext-400.css';
import '@fontsource/inter/latin-ext-600.css';
import './portal.css';

/** `light` and `dark` take the place of Backstage's themes of the same name; without a choice the system's setting decides. */
export const themeModule = createFrontendModule({
  pluginId: 'app',
  extensions: [
    ThemeBlueprint.make({
      name: 'light',
      params: {
        theme: {
          id: 'light',
          title: 'Light',
          variant: 'light',
          icon: <LightIcon fontSize="inherit" />,
          Provider: ({ children }) => <PortalTheme mode="light">{children}</PortalTheme>,
        },
      },
    }),
    ThemeBlueprint.make({
      name: 'dark',
      params: {
        theme: {
          id: 'dark',
          title: 'Dark',
          variant: 'dark',
          icon: <DarkIcon fontSize="inherit" />,
          Provider: ({ children }) => <PortalTheme mode="dark">{children}</PortalTheme>,
        },
      },
    }),
  ],
});
