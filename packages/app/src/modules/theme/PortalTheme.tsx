import { createUnifiedTheme, genPageTheme, UnifiedThemeProvider } from '@backstage/theme';
import type { ReactNode } from 'react';
import { darkColours, lightColours, navigationColours, type PortalColours } from './palettes';

const fontFamily = 'Inter, system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';

/** Backstage's own additions to the palette; its components read colours under these names. */
function paletteOf(colours: PortalColours) {
  return {
    type: colours.mode,
    mode: colours.mode,
    background: { default: colours.canvas, paper: colours.surface },
    text: { primary: colours.text, secondary: colours.textQuiet },
    divider: colours.border,
    primary: { main: colours.primary, dark: colours.primaryHover, contrastText: colours.onPrimary },
    secondary: { main: colours.textQuiet, contrastText: colours.surface },
    success: { main: colours.ok, contrastText: colours.surface },
    warning: { main: colours.watch, contrastText: colours.surface },
    error: { main: colours.act, contrastText: colours.surface },
    info: { main: colours.info, contrastText: colours.surface },
    status: {
      ok: colours.ok,
      warning: colours.watch,
      error: colours.act,
      running: colours.info,
      pending: colours.textQuiet,
      aborted: colours.textQuiet,
    },
    bursts: {
      fontColor: colours.text,
      slackChannelText: colours.textQuiet,
      backgroundColor: { default: colours.sunken },
      gradient: { linear: `linear-gradient(${colours.sunken}, ${colours.sunken})` },
    },
    banner: {
      info: colours.info,
      error: colours.act,
      warning: colours.watch,
      text: colours.surface,
      link: colours.surface,
      closeButtonColor: colours.surface,
    },
    border: colours.border,
    textContrast: colours.text,
    textVerySubtle: colours.border,
    textSubtle: colours.textQuiet,
    highlight: colours.watchTint,
    errorBackground: colours.actTint,
    warningBackground: colours.watchTint,
    infoBackground: colours.infoTint,
    errorText: colours.act,
    warningText: colours.text,
    infoText: colours.info,
    link: colours.primary,
    linkHover: colours.primaryHover,
    gold: colours.watch,
    navigation: {
      background: navigationColours.background,
      indicator: navigationColours.indicator,
      color: navigationColours.text,
      selectedColor: navigationColours.selected,
      navItem: { hoverBackground: navigationColours.hover },
      submenu: { background: navigationColours.hover },
    },
    pinSidebarButton: { icon: navigationColours.background, background: navigationColours.text },
    tabbar: { indicator: colours.primary },
    code: { background: colours.sunken },
  };
}

/** Dense: the largest heading is 24 px, so that a page's answer and its evidence fit on one screen. */
const typography = {
  htmlFontSize: 16,
  fontFamily,
  h1: { fontFamily, fontSize: '1.5rem', fontWeight: 600, lineHeight: 1.25, marginBottom: 4 },
  h2: { fontFamily, fontSize: '1.25rem', fontWeight: 600, lineHeight: 1.3, marginBottom: 4 },
  h3: { fontFamily, fontSize: '1.125rem', fontWeight: 600, lineHeight: 1.35, marginBottom: 4 },
  h4: { fontFamily, fontSize: '1rem', fontWeight: 600, lineHeight: 1.4, marginBottom: 2 },
  h5: { fontFamily, fontSize: '0.9375rem', fontWeight: 600, lineHeight: 1.4, marginBottom: 2 },
  h6: { fontFamily, fontSize: '0.875rem', fontWeight: 600, lineHeight: 1.4, marginBottom: 2 },
  body1: { fontSize: '0.875rem', lineHeight: 1.5 },
  body2: { fontSize: '0.8125rem', lineHeight: 1.5 },
  button: { fontSize: '0.8125rem', fontWeight: 600, textTransform: 'none' as const },
};

function componentsOf(colours: PortalColours) {
  const card = { border: `1px solid ${colours.border}`, boxShadow: 'none', borderRadius: 8 };
  return {
    MuiButton: { styleOverrides: { root: { textTransform: 'none' as const, boxShadow: 'none' } } },
    MuiCard: { styleOverrides: { root: card } },
    MuiTab: { styleOverrides: { root: { letterSpacing: 0, color: colours.textQuiet } } },
    MuiTableCell: {
      styleOverrides: {
        root: { lineHeight: 1.45, padding: '8px 12px', borderBottom: `1px solid ${colours.border}` },
        head: { color: colours.textQuiet, fontWeight: 600, lineHeight: 1.3 },
      },
    },
    MuiTableRow: { styleOverrides: { root: { '&:nth-of-type(odd)': { backgroundColor: 'transparent' } } } },
    MuiTooltip: { styleOverrides: { tooltip: { fontSize: '0.75rem', fontWeight: 400, maxWidth: 420 } } },
    MuiChip: { styleOverrides: { root: { marginRight: 0, marginBottom: 0 } } },
    BackstageHeader: {
      styleOverrides: {
        header: {
          padding: '12px 24px',
          boxShadow: 'none',
          borderBottom: `1px solid ${colours.border}`,
        },
        title: { fontSize: '1.25rem', color: colours.text },
        subtitle: { color: colours.textQuiet },
      },
    },
  };
}

function themeOf(colours: PortalColours) {
  // One flat bar for every kind of page: the default draws a wave per kind.
  const page = genPageTheme({ colors: [colours.surface], shape: 'none', options: { fontColor: colours.text } });
  return createUnifiedTheme({
    palette: paletteOf(colours),
    fontFamily,
    typography,
    defaultPageTheme: 'home',
    pageTheme: { home: page },
    components: componentsOf(colours),
  });
}

const themes = { light: themeOf(lightColours), dark: themeOf(darkColours) };

/** One theme for Backstage's own components (MUI 4), our pages (MUI 5) and Backstage UI (by attributes on the body). */
export const PortalTheme = ({ mode, children }: { mode: 'light' | 'dark'; children: ReactNode }) => (
  <UnifiedThemeProvider theme={themes[mode]} themeName="airpay">
    {children}
  </UnifiedThemeProvider>
);
