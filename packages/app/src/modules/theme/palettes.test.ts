import {
  contrastRatio,
  darkColours,
  lightColours,
  navigationColours,
  type PortalColours,
} from './palettes';

describe('contrastRatio', () => {
  it('is 21 for black on white and 1 for a colour on itself', () => {
    expect(contrastRatio('#000000', '#ffffff')).toBeCloseTo(21, 5);
    expect(contrastRatio('#1c4fa3', '#1c4fa3')).toBe(1);
  });

  it('agrees with a published figure', () => {
    expect(contrastRatio('#767676', '#ffffff')).toBeCloseTo(4.54, 2);
  });
});

describe.each([
  ['light', lightColours],
  ['dark', darkColours],
])('the %s palette', (_name, colours: PortalColours) => {
  const texts = ['text', 'textQuiet', 'primary', 'ok', 'watch', 'act', 'info'] as const;
  const backgrounds = ['canvas', 'surface', 'sunken'] as const;

  it.each(texts.flatMap(text => backgrounds.map(background => [text, background] as const)))(
    '%s on %s reads well',
    (text, background) => {
      expect(contrastRatio(colours[text], colours[background])).toBeGreaterThanOrEqual(4.5);
    },
  );

  it.each([
    ['ok', 'okTint'],
    ['watch', 'watchTint'],
    ['act', 'actTint'],
    ['info', 'infoTint'],
    ['text', 'okTint'],
    ['text', 'watchTint'],
    ['text', 'actTint'],
    ['text', 'infoTint'],
    ['onPrimary', 'primary'],
    ['onPrimary', 'primaryHover'],
  ] as const)('%s on %s reads well', (text, background) => {
    expect(contrastRatio(colours[text], colours[background])).toBeGreaterThanOrEqual(4.5);
  });
});

it('the side bar reads well', () => {
  expect(contrastRatio(navigationColours.text, navigationColours.background)).toBeGreaterThanOrEqual(4.5);
  expect(contrastRatio(navigationColours.text, navigationColours.hover)).toBeGreaterThanOrEqual(4.5);
});
