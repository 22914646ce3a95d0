import type { ConfigApi } from '@backstage/frontend-plugin-api';

/** Somebody who can be chosen on the local platform's sign-in page. */
export interface Person {
  /** Entity reference such as `user:default/lea`. */
  ref: string;
  title: string;
  role: string;
}

/** The people of `auth.providers.localPeople`; empty where that provider is not configured (production). */
export function readPeople(config: ConfigApi): Person[] {
  return (config.getOptionalConfigArray('auth.providers.localPeople.people') ?? []).map(person => ({
    ref: person.getString('ref'),
    title: person.getString('title'),
    role: person.getString('role'),
  }));
}

const storageKey = 'airpay.person';

/** Who was chosen in this browser tab's session, if still on the list. */
export function rememberedPerson(people: Person[], storage: Storage): Person | undefined {
  const ref = storage.getItem(storageKey);
  return people.find(person => person.ref === ref);
}

export function rememberPerson(person: Person, storage: Storage): void {
  storage.setItem(storageKey, person.ref);
}

export function forgetPerson(storage: Storage): void {
  storage.removeItem(storageKey);
}
