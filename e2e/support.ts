import { test as base, expect, type APIRequestContext, type Page } from '@playwright/test';
import { portalUrl } from './platform.ts';

export { expect };
export { portalUrl };

/**
 * A page that must stay clean: console errors, uncaught errors and requests to other hosts fail the test.
 * `allowed` lets a journey that provokes an error say so.
 */
export const test = base.extend<{ allowed: RegExp[] }>({
  allowed: [[], { option: true }],
  page: async ({ page, allowed }, use) => {
    const faults: string[] = [];
    page.on('console', message => {
      if (message.type() === 'error') faults.push(`console: ${message.text()}`);
    });
    page.on('pageerror', error => faults.push(`uncaught: ${error.message}`));
    page.on('request', request => {
      const { hostname, protocol } = new URL(request.url());
      if (protocol.startsWith('http') && !['localhost', '127.0.0.1'].includes(hostname)) faults.push(`request to ${hostname}`);
    });
    await use(page);
    expect(faults.filter(fault => !allowed.some(pattern => pattern.test(fault)))).toEqual([]);
  },
});

export const people = { lea: 'Lea Brandt', mira: 'Mira Okafor', jonas: 'Jonas Weber', omar: 'Omar Haddad', ines: 'Inés Duarte' } as const;
export type Person = keyof typeof people;

/** Signs in on the page as one of the catalog's people and opens `path`. */
export async function signIn(page: Page, person: Person, path = '/'): Promise<void> {
  await page.goto(path);
  await page.getByRole('button', { name: new RegExp(people[person]) }).click();
  await expect(page.getByRole('button', { name: new RegExp(people[person]) })).toBeHidden();
}

/** A Backstage token of the person, for requests without a browser. */
export async function tokenOf(request: APIRequestContext, person: Person): Promise<string> {
  const answer = await request.get(`${portalUrl}/api/auth/localPeople/refresh`, { headers: { 'x-airpay-person': `user:default/${person}`, 'x-requested-with': 'XMLHttpRequest' } });
  expect(answer.status(), await answer.text()).toBe(200);
  return (await answer.json()).backstageIdentity.token;
}

export const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });
