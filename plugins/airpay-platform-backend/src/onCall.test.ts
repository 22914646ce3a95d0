import fc from 'fast-check';
import { onCallAt, parseRota } from './onCall';

const rota = parseRota('weekly from 2026-01-05: user:default/lea, user:default/tomas');
const at = (iso: string) => onCallAt(rota, Date.parse(iso));

describe('on-call rota', () => {
  it('hands over on Monday at 09:00 UTC, in order and around', () => {
    expect(at('2026-01-05T08:59:59Z')).toBeUndefined();
    expect(at('2026-01-05T09:00:00Z')).toEqual({ ref: 'user:default/lea', until: Date.parse('2026-01-12T09:00:00Z') });
    expect(at('2026-01-12T08:59:59Z')?.ref).toBe('user:default/lea');
    expect(at('2026-01-12T09:00:00Z')?.ref).toBe('user:default/tomas');
    expect(at('2026-01-19T09:00:00Z')?.ref).toBe('user:default/lea');
  });

  it('always names somebody of the rota, until a time to come, at most a week away', () => {
    fc.assert(
      fc.property(fc.integer({ min: rota.startsAt, max: rota.startsAt + 20 * 365 * 86_400_000 }), now => {
        const person = onCallAt(rota, now)!;
        expect(rota.people).toContain(person.ref);
        expect(person.until).toBeGreaterThan(now);
        expect(person.until - now).toBeLessThanOrEqual(7 * 86_400_000);
      }),
    );
  });

  it.each([
    ['daily from 2026-01-05: user:default/lea', /a rota reads/],
    ['weekly from 2026-02-30: user:default/lea', /2026-02-30 is no date/],
    ['weekly from 2026-01-05: lea', /"lea" is no user reference/],
    ['weekly from 2026-01-05: user:default/lea,', /"" is no user reference/],
  ])('refuses %p in words', (text, message) => {
    expect(() => parseRota(text)).toThrow(message);
  });
});
