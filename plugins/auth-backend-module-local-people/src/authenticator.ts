import { NotAllowedError } from '@backstage/errors';
import {
  AuthProviderFactory,
  createProxyAuthenticator,
  createProxyAuthProviderFactory,
} from '@backstage/plugin-auth-node';
import { refusalOfOrigin } from './guard';
import { choosePerson, Person, readPeople } from './people';

/** The header with the entity reference of the person to be. */
export const PERSON_HEADER = 'x-airpay-person';

/**
 * Signs in exactly the listed catalog user that the person header names.
 * Answers 401 without the header, 403 for somebody not listed or a request from another origin.
 */
export const localPeopleProvider: AuthProviderFactory = options =>
  createProxyAuthProviderFactory<Person>({
    authenticator: createProxyAuthenticator<{ people: Person[] }, Person, undefined>({
      defaultProfileTransform: async person => ({ profile: { displayName: person.title } }),
      initialize: ({ config }) => ({ people: readPeople(config) }),
      async authenticate({ req }, { people }) {
        const refusal = refusalOfOrigin(
          { host: req.get('host'), origin: req.get('origin'), fetchSite: req.get('sec-fetch-site') },
          options,
        );
        if (refusal) throw new NotAllowedError(refusal);
        return { result: choosePerson(people, req.get(PERSON_HEADER)) };
      },
    }),
    signInResolver: async ({ result }, context) =>
      context.signInWithCatalogUser({ entityRef: result.ref }),
  })(options);
