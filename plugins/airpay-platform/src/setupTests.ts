import '@testing-library/jest-dom';
import { configure } from '@testing-library/react';

// A whole app is rendered per test; on a busy machine that takes its time.
// Finding roles without asking the style of every ancestor is many times faster.
configure({ asyncUtilTimeout: 20_000, defaultHidden: true });
jest.setTimeout(60_000);

// Backstage's side bar has a style that the test browser cannot parse; it says so on every render.
const warn = console.warn;
console.warn = (...args: unknown[]) => {
  if (!String(args[0]).includes('[JSS] processedRuleToParse')) warn(...args);
};
