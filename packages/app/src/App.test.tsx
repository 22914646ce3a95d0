import { createApp } from '@backstage/frontend-defaults';
import { mockApis } from '@backstage/frontend-test-utils';
import { render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { shell } from './App';

const people = [
  { ref: 'user:default/lea', title: 'Lea Brandt', role: 'Payments engineer' },
  { ref: 'user:default/mira', title: 'Mira Okafor', role: 'SRE' },
];

function renderApp(auth: object) {
  const app = createApp({
    features: shell,
    advanced: {
      configLoader: async () => ({
        config: mockApis.config({
          data: { app: { title: 'Airpay', baseUrl: 'http://localhost' }, backend: { baseUrl: 'http://localhost:7007' }, auth },
        }),
      }),
    },
  });
  return render(app.createRoot());
}

/** Answers the sign-in request of these people and records the headers asked with; everything else is 404. */
function serveSignIn() {
  const asked: Array<string | null> = [];
  global.fetch = jest.fn(async (input: RequestInfo | URL, init?: RequestInit) => {
    const url = input instanceof Request ? input.url : String(input);
    if (!url.endsWith('/api/auth/localPeople/refresh')) return { ok: false, status: 404, json: async () => ({}), text: async () => '' };
    const ref = new Headers(init?.headers).get('x-airpay-person');
    asked.push(ref);
    const identity = { type: 'user', userEntityRef: ref, ownershipEntityRefs: [ref] };
    const session = { providerInfo: {}, profile: {}, backstageIdentity: { token: 'a.eyJzdWIiOiJ4In0.b', identity } };
    return { ok: true, status: 200, json: async () => session };
  }) as any;
  return asked;
}

describe('the portal', () => {
  beforeEach(() => sessionStorage.clear());

  it('offers the people of the local platform and signs in as the one chosen', async () => {
    const asked = serveSignIn();
    renderApp({ providers: { localPeople: { people } } });

    expect(await screen.findByRole('button', { name: 'Lea Brandt — Payments engineer' })).toBeInTheDocument();
    await userEvent.click(screen.getByRole('button', { name: 'Mira Okafor — SRE' }));

    await waitFor(() => expect(asked).toEqual(['user:default/mira']));
    await waitFor(() => expect(screen.queryByText('Who are you today?')).not.toBeInTheDocument());
    expect(sessionStorage.getItem('airpay.person')).toBe('user:default/mira');
  });

  it('stays signed in after a reload', async () => {
    sessionStorage.setItem('airpay.person', 'user:default/lea');
    const asked = serveSignIn();
    renderApp({ providers: { localPeople: { people } } });

    await waitFor(() => expect(asked).toEqual(['user:default/lea']));
    expect(screen.queryByText('Who are you today?')).not.toBeInTheDocument();
  });

  it('signs in with Google where no local people are configured', async () => {
    serveSignIn();
    renderApp({ providers: { google: {} } });

    expect(await screen.findByText('Sign in with your Airpay account')).toBeInTheDocument();
    expect(screen.queryByText('Who are you today?')).not.toBeInTheDocument();
  });
});
