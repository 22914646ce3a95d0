import { parseEntityRef, stringifyEntityRef } from '@backstage/catalog-model';
import { Config } from '@backstage/config';
import { AuthenticationError, InputError, NotAllowedError } from '@backstage/errors';

/** Somebody who can be chosen on the sign-in page. */
export interface Person {
  /** Full entity reference in lower case, such as user:default/lea. */
  ref: string;
  title: string;
  role: string;
}

/** A sign-in page with more names than this is not a choice any more. */
const MAX_PEOPLE = 50;
/** Longer than any entity reference: kind and names have at most 63 characters each. */
const MAX_REF_LENGTH = 200;

/**
 * The people of auth.providers.localPeople.
 * @throws InputError when the list is empty, too long, holds somebody twice or names something that is not a user
 */
export function readPeople(config: Config): Person[] {
  const people = config.getConfigArray('people').map(person => ({
    ref: normalizedRef(person.getString('ref')),
    title: person.getString('title'),
    role: person.getString('role'),
  }));
  if (people.length === 0 || people.length > MAX_PEOPLE) {
    throw new InputError(
      `auth.providers.localPeople.people must list 1 to ${MAX_PEOPLE} people, not ${people.length}`,
    );
  }
  const refs = people.map(person => person.ref);
  const twice = refs.find((ref, index) => refs.indexOf(ref) !== index);
  if (twice) {
    throw new InputError(`auth.providers.localPeople.people lists ${twice} twice`);
  }
  const stranger = refs.find(ref => !ref.startsWith('user:'));
  if (stranger) {
    throw new InputError(`auth.providers.localPeople.people lists ${stranger}, which is not a user`);
  }
  return people;
}

/**
 * The listed person a request asks to be.
 * @param wanted - value of the person header; undefined when the header is missing
 * @throws AuthenticationError (401) when nobody is named; NotAllowedError (403) when the person is not listed
 */
export function choosePerson(people: Person[], wanted: string | undefined): Person {
  if (!wanted) {
    throw new AuthenticationError('Choose a person on the sign-in page first');
  }
  const person = people.find(candidate => candidate.ref === safelyNormalizedRef(wanted));
  if (!person) {
    throw new NotAllowedError('This person is not on the list of people who can sign in here');
  }
  return person;
}

function normalizedRef(ref: string): string {
  return stringifyEntityRef(parseEntityRef(ref, { defaultKind: 'user' }));
}

function safelyNormalizedRef(ref: string): string | undefined {
  if (ref.length > MAX_REF_LENGTH) return undefined;
  try {
    return normalizedRef(ref);
  } catch {
    return undefined;
  }
}
