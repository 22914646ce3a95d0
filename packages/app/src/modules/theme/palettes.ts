/**
 * The colours of the portal. Every text colour has a contrast of at least 4.5 to 1 on both its backgrounds
 * (palettes.test.ts computes it); status colours are always shown with an icon and a word.
 */
export interface PortalColours {
  mode: 'light' | 'dark';
  /** Behind cards. */
  canvas: string;
  /** Cards, tables, dialogs. */
  surface: string;
  /** Rows under the pointer, code, quiet buttons. */
  sunken: string;
  border: string;
  text: string;
  textQuiet: string;
  primary: string;
  primaryHover: string;
  onPrimary: string;
  ok: string;
  watch: string;
  act: string;
  info: string;
  okTint: string;
  watchTint: string;
  actTint: string;
  infoTint: string;
}

export const lightColours: PortalColours = {
  mode: 'light',
  canvas: '#f4f6f8',
  surface: '#ffffff',
  sunken: '#eef1f5',
  border: '#d5dce4',
  text: '#15202c',
  textQuiet: '#4a5868',
  primary: '#1c4fa3',
  primaryHover: '#153d80',
  onPrimary: '#ffffff',
  ok: '#0e6b3a',
  watch: '#855000',
  act: '#b01e2b',
  info: '#1c4fa3',
  okTint: '#e3f4ea',
  watchTint: '#fdf1da',
  actTint: '#fce8e8',
  infoTint: '#e6eefb',
};

export const darkColours: PortalColours = {
  mode: 'dark',
  canvas: '#0e1621',
  surface: '#16212f',
  sunken: '#1f2c3d',
  border: '#304055',
  text: '#e8eef5',
  textQuiet: '#a7b5c6',
  primary: '#8fb9ff',
  primaryHover: '#b3d0ff',
  onPrimary: '#0b1420',
  ok: '#62d49b',
  watch: '#f0ba58',
  act: '#ff8f88',
  info: '#8fb9ff',
  okTint: '#14342a',
  watchTint: '#3a2e14',
  actTint: '#45222a',
  infoTint: '#1a2f4f',
};

/** The side bar is dark in both themes. */
export const navigationColours = {
  background: '#0f1b2a',
  hover: '#1c2c40',
  text: '#bcc8d6',
  selected: '#ffffff',
  indicator: '#7ee0c3',
};

function luminance(hex: string): number {
  const [red, green, blue] = [1, 3, 5].map(start => {
    const value = parseInt(hex.slice(start, start + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** WCAG contrast ratio of two `#rrggbb` colours, 1 to 21. */
export function contrastRatio(one: string, other: string): number {
  const [lighter, darker] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (lighter + 0.05) / (darker + 0.05);
}
