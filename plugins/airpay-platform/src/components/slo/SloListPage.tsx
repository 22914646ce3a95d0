import { useApi } from '@backstage/frontend-plugin-api';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import { useMemo, useState } from 'react';
import { platformApiRef } from '../../adapters/api';
import { applyView, countByStatus } from '../../domain/listView';
import { budgetsText, worstStatus } from '../../domain/words';
import { usePolled } from '../../hooks/usePolled';
import { PageBody, Panel } from '../shared/Layout';
import { EmptyState, ErrorState, PartialErrors } from '../shared/States';
import { StatusIcon } from '../shared/StatusMark';
import { TextLink } from '../shared/TextLink';
import { Ago, Live } from '../shared/Time';
import { HeatMap } from './HeatMap';
import { SloFilters } from './SloFilters';
import { SloTable, SloTableSkeleton } from './SloTable';
import { useListView } from './useListView';

const pollMs = 15_000;
/** Rows drawn at once: thousands of SLOs must not freeze the page. */
const pageRows = 50;

export function SloListPage() {
  const api = useApi(platformApiRef);
  const polled = usePolled('slos', signal => api.slos({}, signal), pollMs);
  const { data, error, retry } = polled;
  const [view, setView] = useListView();
  const [rows, setRows] = useState(pageRows);
  const shown = useMemo(() => applyView(data?.slos ?? [], view), [data, view]);
  const filtered = view.text !== '' || view.status !== null || view.owner !== null;
  const clear = () => setView({ ...view, text: '', status: null, owner: null });

  if (!data && error) {
    return (
      <PageBody>
        <Panel dense>
          <ErrorState what="The SLOs could not be read" error={error} onRetry={retry} />
        </Panel>
      </PageBody>
    );
  }
  const all = data?.slos ?? [];
  return (
    <PageBody>
      <Box sx={{ display: 'flex', flexWrap: 'wrap', alignItems: 'center', columnGap: 1, minHeight: 32 }}>
        <Box sx={{ display: 'flex', alignItems: 'center', gap: 1 }}>
          {data && all.length > 0 && <StatusIcon status={worstStatus(all.map(slo => slo.status))} size={22} />}
          <Box component="h2" sx={{ m: 0, fontSize: 20, fontWeight: 600, letterSpacing: '-0.01em' }}>
            {data ? budgetsText(countByStatus(all)) : 'Reading the SLOs …'}
          </Box>
        </Box>
        <Box sx={{ ml: 'auto', display: 'flex', gap: 2, alignItems: 'center' }}>
          {data?.sampleHistoryUntil && (
            <Box sx={{ fontSize: 13, color: 'text.secondary' }}>
              <Ago iso={data.sampleHistoryUntil} prefix="measured since " />, sample history before
            </Box>
          )}
          <Live polled={polled} />
        </Box>
      </Box>
      {data && <PartialErrors errors={data.errors} failed={error} onRetry={retry} />}
      {data && all.length === 0 && (
        <Panel>
          <EmptyState title="Here is a row per SLO, once there is one" action={<TextLink to="/create">Create a service with an SLO</TextLink>}>
            An SLO appears when its file is in infra/slo and Prometheus has loaded the rules generated from it.
          </EmptyState>
        </Panel>
      )}
      <HeatMap slos={all} onPick={(owner, text) => setView({ ...view, owner, text })} />
      {(!data || all.length > 0) && (
        <Panel dense>
          <SloFilters slos={all} view={view} onChange={setView} />
          {!data && <SloTableSkeleton />}
          {data && shown.length > 0 && <SloTable slos={shown.slice(0, rows)} view={view} onChange={setView} />}
          {data && shown.length === 0 && filtered && (
            <Box sx={{ px: 2, py: 1 }}>
              <EmptyState
                title="No SLO matches the filter"
                action={
                  <Button size="small" variant="outlined" onClick={clear}>
                    Clear the filter
                  </Button>
                }
              />
            </Box>
          )}
          {shown.length > rows && (
            <Box sx={{ p: 1.5, textAlign: 'center' }}>
              <Button size="small" onClick={() => setRows(rows + pageRows)}>
                Show {Math.min(pageRows, shown.length - rows)} more of {shown.length}
              </Button>
            </Box>
          )}
        </Panel>
      )}
    </PageBody>
  );
}
