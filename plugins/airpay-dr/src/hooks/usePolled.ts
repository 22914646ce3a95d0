import { useCallback, useEffect, useRef, useState } from 'react';
import { subscribeClock } from '../adapters/clock';

export interface Polled<T> {
  /** The last good answer; it stays while later ones fail. */
  data: T | undefined;
  /** Why the last attempt failed; undefined after a good one. */
  error: Error | undefined;
  loading: boolean;
  /** Browser time of the last good answer, Unix milliseconds. */
  loadedAtMs: number | undefined;
  intervalMs: number;
  retry: () => void;
  /** Shows an answer that came another way (a steering call) at once. */
  replace: (data: T) => void;
}

interface State<T> {
  key: string;
  data?: T;
  error?: Error;
  loading: boolean;
  loadedAtMs?: number;
}

/**
 * Loads at once and again each `intervalMs`, one request at a time, on the page's one timer: it rests while the page
 * is hidden. A new `key` starts anew and drops the answer of the old one.
 *
 * @param load must give up when its signal is aborted
 * @param settled says of an answer that it will not change any more; then the asking ends
 */
export function usePolled<T>(
  key: string,
  load: (signal: AbortSignal) => Promise<T>,
  intervalMs: number,
  settled: (data: T) => boolean = () => false,
): Polled<T> {
  const [state, setState] = useState<State<T>>({ key, loading: true });
  const latest = useRef({ load, settled });
  latest.current = { load, settled };
  const startRef = useRef<() => void>(() => {});
  const replaceRef = useRef<(data: T) => void>(() => {});

  useEffect(() => {
    let running: AbortController | undefined;
    let startedAtMs = -Infinity;
    let done = false;
    setState(old => (old.key === key ? old : { key, loading: true }));

    const take = (data: T) => {
      done = latest.current.settled(data);
      setState({ key, data, loading: false, loadedAtMs: Date.now() });
    };
    const start = async () => {
      if (running) return;
      const mine = new AbortController();
      running = mine;
      startedAtMs = Date.now();
      setState(old => (old.loading ? old : { ...old, loading: true }));
      try {
        const data = await latest.current.load(mine.signal);
        if (!mine.signal.aborted) take(data);
      } catch (reason) {
        const error = reason instanceof Error ? reason : new Error(String(reason));
        if (!mine.signal.aborted) setState(old => ({ ...old, error, loading: false }));
      } finally {
        if (running === mine) running = undefined;
      }
    };
    startRef.current = start;
    replaceRef.current = data => {
      // An answer already under way is older than this one.
      running?.abort();
      running = undefined;
      take(data);
    };

    start();
    const unsubscribe = subscribeClock(() => {
      if (!done && Date.now() - startedAtMs >= intervalMs - 50) start();
    });
    return () => {
      unsubscribe();
      running?.abort();
    };
  }, [key, intervalMs]);

  const retry = useCallback(() => startRef.current(), []);
  const replace = useCallback((data: T) => replaceRef.current(data), []);
  // In the render before the effect runs, the state still belongs to the old key.
  const current: State<T> = state.key === key ? state : { key, loading: true };
  return {
    data: current.data,
    error: current.error,
    loading: current.loading,
    loadedAtMs: current.loadedAtMs,
    intervalMs,
    retry,
    replace,
  };
}
