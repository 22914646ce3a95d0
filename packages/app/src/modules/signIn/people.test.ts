import { mockApis } from '@backstage/frontend-test-utils';
import { forgetPerson, readPeople, rememberedPerson, rememberPerson } from './people';

const lea = { ref: 'user:default/lea', title: 'Lea Brandt', role: 'Payments engineer' };
const mira = { ref: 'user:default/mira', title: 'Mira Okafor', role: 'SRE' };

describe('readPeople', () => {
  it('gives the configured people in order', () => {
    const config = mockApis.config({ data: { auth: { providers: { localPeople: { people: [lea, mira] } } } } });
    expect(readPeople(config)).toEqual([lea, mira]);
  });

  it('is empty without the provider', () => {
    expect(readPeople(mockApis.config({ data: { auth: {} } }))).toEqual([]);
  });
});

describe('the remembered person', () => {
  beforeEach(() => sessionStorage.clear());

  it('comes back until forgotten', () => {
    rememberPerson(mira, sessionStorage);
    expect(rememberedPerson([lea, mira], sessionStorage)).toBe(mira);
    forgetPerson(sessionStorage);
    expect(rememberedPerson([lea, mira], sessionStorage)).toBeUndefined();
  });

  it('is nobody when no longer on the list', () => {
    rememberPerson(mira, sessionStorage);
    expect(rememberedPerson([lea], sessionStorage)).toBeUndefined();
  });
});
