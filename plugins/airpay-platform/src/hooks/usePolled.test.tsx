import { act, renderHook } from '@testing-library/react';
import { usePolled } from './usePolled';

const intervalMs = 5_000;

/** Lets promises settle and time pass. */
const pass = (ms: number) => act(() => jest.advanceTimersByTimeAsync(ms));

function setVisibility(state: 'visible' | 'hidden') {
  Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => state });
  return act(async () => {
    document.dispatchEvent(new Event('visibilitychange'));
  });
}

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(async () => {
  await setVisibility('visible');
  jest.useRealTimers();
});

it('loads at once and again after the interval', async () => {
  let count = 0;
  const load = jest.fn(async () => (count += 1));
  const { result } = renderHook(() => usePolled('a', load, intervalMs));
  expect(result.current).toMatchObject({ data: undefined, loading: true });
  await pass(0);
  expect(result.current).toMatchObject({ data: 1, loading: false });
  await pass(intervalMs - 1_000);
  expect(load).toHaveBeenCalledTimes(1);
  await pass(1_100);
  expect(result.current.data).toBe(2);
});

it('keeps the last good answer beside a later error, and recovers', async () => {
  const load = jest.fn<Promise<string>, []>().mockResolvedValueOnce('good').mockRejectedValueOnce(new Error('down')).mockResolvedValue('again');
  const { result } = renderHook(() => usePolled('a', load, intervalMs));
  await pass(0);
  await pass(intervalMs + 100);
  expect(result.current).toMatchObject({ data: 'good', error: new Error('down') });
  await act(async () => result.current.retry());
  await pass(0);
  expect(result.current).toMatchObject({ data: 'again', error: undefined });
});

it('asks once at a time', async () => {
  const load = jest.fn(() => new Promise<never>(() => {}));
  const { result } = renderHook(() => usePolled('a', load, intervalMs));
  await pass(10 * intervalMs);
  await act(async () => result.current.retry());
  expect(load).toHaveBeenCalledTimes(1);
});

it('rests while the page is hidden and catches up when it is seen', async () => {
  const load = jest.fn(async () => 1);
  renderHook(() => usePolled('a', load, intervalMs));
  await pass(0);
  await setVisibility('hidden');
  await pass(20 * intervalMs);
  expect(load).toHaveBeenCalledTimes(1);
  expect(jest.getTimerCount()).toBe(0);
  await setVisibility('visible');
  await pass(0);
  expect(load).toHaveBeenCalledTimes(2);
});

it('drops the answer of an old key, even one that comes late', async () => {
  const answers: Record<string, (value: string) => void> = {};
  const signals: Record<string, AbortSignal> = {};
  const { result, rerender } = renderHook(
    ({ name }) =>
      usePolled(
        name,
        signal => {
          signals[name] = signal;
          return new Promise<string>(resolve => {
            answers[name] = resolve;
          });
        },
        intervalMs,
      ),
    { initialProps: { name: 'old' } },
  );
  rerender({ name: 'new' });
  expect(signals.old.aborted).toBe(true);
  await act(async () => answers.old('old'));
  expect(result.current.data).toBeUndefined();
  await act(async () => answers.new('new'));
  expect(result.current.data).toBe('new');
});

it('shares one timer among all and leaves none behind', async () => {
  const one = renderHook(() => usePolled('a', async () => 1, intervalMs));
  const other = renderHook(() => usePolled('b', async () => 2, intervalMs));
  await pass(0);
  expect(jest.getTimerCount()).toBe(1);
  one.unmount();
  other.unmount();
  expect(jest.getTimerCount()).toBe(0);
});
