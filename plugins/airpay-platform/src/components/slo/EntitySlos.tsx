import { stringifyEntityRef } from '@backstage/catalog-model';
import { useApi } from '@backstage/frontend-plugin-api';
import { useEntity } from '@backstage/plugin-catalog-react';
import Box from '@mui/material/Box';
import { platformApiRef } from '../../adapters/api';
import { applyView, budgetsOfEntity } from '../../domain/listView';
import { usePolled } from '../../hooks/usePolled';
import { Heading, Panel } from '../shared/Layout';
import { EmptyState, ErrorState, PartialErrors } from '../shared/States';
import { Live } from '../shared/Time';
import { SloFilters } from './SloFilters';
import { SloTable, SloTableSkeleton } from './SloTable';
import { useListView } from './useListView';

const pollMs = 15_000;
/** With few SLOs a filter is only in the way. */
const filterFrom = 6;

/** SLOs of the component in whose page this stands. */
export function useEntitySlos() {
  const { entity } = useEntity();
  const entityRef = stringifyEntityRef(entity);
  const api = useApi(platformApiRef);
  const polled = usePolled(`slos of ${entityRef}`, signal => api.slos({ entityRef }, signal), pollMs);
  return { polled, slos: polled.data && budgetsOfEntity(polled.data.slos, entityRef) };
}

/** Tab "SLOs" of a component. */
export function EntitySlos() {
  const { polled, slos } = useEntitySlos();
  const { data, error, retry } = polled;
  const [view, setView] = useListView();
  return (
    <Box sx={{ display: 'grid', gap: 2, gridTemplateColumns: 'minmax(0, 1fr)', fontSize: 14, color: 'text.primary' }}>
      {data && <PartialErrors errors={data.errors} failed={error} onRetry={retry} />}
      <Panel dense>
        <Box sx={{ display: 'flex', alignItems: 'center', px: 2, py: 1.5 }}>
          <Heading>SLOs, least budget left first</Heading>
          <Box sx={{ ml: 'auto' }}>
            <Live polled={polled} />
          </Box>
        </Box>
        {!data && error && <ErrorState what="The SLOs could not be read" error={error} onRetry={retry} />}
        {!data && !error && <SloTableSkeleton />}
        {slos && slos.length >= filterFrom && <SloFilters slos={slos} view={view} onChange={setView} />}
        {slos && slos.length > 0 && <SloTable slos={applyView(slos, view)} view={view} onChange={setView} />}
        {slos && slos.length === 0 && (
          <Box sx={{ px: 2, pb: 2 }}>
            <EmptyState title="No SLO is recorded for this component">
              The annotation names a service, but Prometheus has no rules of it. Add its file to infra/slo and load the
              generated rules.
            </EmptyState>
          </Box>
        )}
      </Panel>
    </Box>
  );
}
