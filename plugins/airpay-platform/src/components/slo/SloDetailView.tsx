import type { SloDetail } from '@airpay/plugin-airpay-platform-common';
import { useApi } from '@backstage/frontend-plugin-api';
import Box from '@mui/material/Box';
import Skeleton from '@mui/material/Skeleton';
import { platformApiRef } from '../../adapters/api';
import { objectiveText } from '../../domain/format';
import { usePolled, type Polled } from '../../hooks/usePolled';
import { Panel } from '../shared/Layout';
import { EmptyState, ErrorState, PartialErrors } from '../shared/States';
import { StatusMark } from '../shared/StatusMark';
import { EntityLink, TextLink } from '../shared/TextLink';
import { Live } from '../shared/Time';
import { BurnTable } from './BurnTable';
import { DetailTiles } from './DetailTiles';
import { Queries } from './Queries';
import { SloCharts } from './SloCharts';

const pollMs = 15_000;

function Head(props: { slo: SloDetail; polled: Polled<unknown> }) {
  const { slo } = props;
  return (
    <Box>
      <Box sx={{ display: 'flex', flexWrap: 'wrap', alignItems: 'center', columnGap: 2, rowGap: 0.5 }}>
        <Box component="h2" sx={{ m: 0, fontSize: 22, fontWeight: 600, letterSpacing: '-0.01em', overflowWrap: 'anywhere' }}>
          {slo.service} <Box component="span" sx={{ fontWeight: 400 }}>/ {slo.slo}</Box>
        </Box>
        <Box sx={{ fontSize: 15, fontWeight: 600 }}>
          <StatusMark status={slo.status} />
        </Box>
        <Box sx={{ ml: 'auto' }}>
          <Live polled={props.polled} />
        </Box>
      </Box>
      <Box sx={{ display: 'flex', flexWrap: 'wrap', columnGap: 2, color: 'text.secondary' }}>
        <span>
          {objectiveText(slo.objectivePercent)} over {slo.windowDays} d
        </span>
        {slo.entityRef && (
          <span>
            component <EntityLink entityRef={slo.entityRef} inText />
          </span>
        )}
        <span>
          owner <EntityLink entityRef={slo.owner} inText />
        </span>
        {slo.tier !== null && <span>tier {slo.tier}</span>}
        {slo.runbookUrl && <TextLink to={slo.runbookUrl} inText>Runbook</TextLink>}
      </Box>
      <Box sx={{ mt: 0.5, maxWidth: 860 }}>{slo.description || slo.title}</Box>
    </Box>
  );
}

function DetailSkeleton() {
  return (
    <Box role="status" aria-label="Reading the SLO" sx={{ display: 'grid', gap: 2, gridTemplateColumns: 'minmax(0, 1fr)' }}>
      <Skeleton width={280} height={40} />
      <Skeleton variant="rounded" height={104} />
      <Skeleton variant="rounded" height={260} />
      <Skeleton variant="rounded" height={220} />
    </Box>
  );
}

const isNotFound = (error: Error) =>
  error.name === 'NotFoundError' || ('statusCode' in error && error.statusCode === 404);

/** Everything about one SLO; also the body of the tab of a component with a single SLO. */
export function SloDetailView({ id }: { id: string }) {
  const api = useApi(platformApiRef);
  const polled = usePolled(`slo ${id}`, signal => api.slo(id, signal), pollMs);
  const { data, error, retry } = polled;
  if (!data && error) {
    return (
      <Panel>
        {isNotFound(error) ? (
          <EmptyState title={`There is no SLO “${id}”`} action={<TextLink to="/platform/slos">All SLOs</TextLink>}>
            It may have been renamed, or Prometheus has not loaded its rules yet.
          </EmptyState>
        ) : (
          <ErrorState what="The SLO could not be read" error={error} onRetry={retry} />
        )}
      </Panel>
    );
  }
  if (!data) return <DetailSkeleton />;
  return (
    <>
      <Head slo={data} polled={polled} />
      <PartialErrors errors={data.errors} failed={error} onRetry={retry} />
      <DetailTiles slo={data} />
      <SloCharts slo={data} />
      <BurnTable slo={data} />
      <Queries slo={data} />
    </>
  );
}
