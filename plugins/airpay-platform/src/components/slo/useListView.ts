import { useCallback, useMemo } from 'react';
import { useSearchParams } from 'react-router-dom';
import { readView, writeView, type ListView } from '../../domain/listView';

/** The view of the list, read from and written to the URL; a change replaces the history entry. */
export function useListView(): [ListView, (next: ListView) => void] {
  const [search, setSearch] = useSearchParams();
  const view = useMemo(() => readView(search), [search]);
  const change = useCallback(
    (next: ListView) => setSearch(current => writeView(next, current), { replace: true }),
    [setSearch],
  );
  return [view, change];
}
