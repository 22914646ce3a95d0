import { sloRangeSchema, type SloDetail, type SloRange } from '@airpay/plugin-airpay-platform-common';
import { useApi } from '@backstage/frontend-plugin-api';
import Box from '@mui/material/Box';
import ToggleButton from '@mui/material/ToggleButton';
import ToggleButtonGroup from '@mui/material/ToggleButtonGroup';
import { useMemo } from 'react';
import { useSearchParams } from 'react-router-dom';
import { platformApiRef } from '../../adapters/api';
import { sampleShare } from '../../domain/chart';
import { usePolled } from '../../hooks/usePolled';
import { ErrorState, PartialErrors } from '../shared/States';
import { Heading, Panel } from '../shared/Layout';
import { Ago } from '../shared/Time';
import { ChartPanel, ChartSkeleton } from './ChartPanel';
import { chartsOf } from './charts';
import { CursorProvider } from './cursor';

const defaultRange: SloRange = '1d';
/** A new point appears about this often; asking more often shows nothing new. */
const pollMsOf: Record<SloRange, number> = { '1h': 15_000, '6h': 30_000, '1d': 60_000, '7d': 120_000, '30d': 300_000 };

/** The range of the charts, kept in the URL. */
function useRange(): [SloRange, (range: SloRange) => void] {
  const [search, setSearch] = useSearchParams();
  const parsed = sloRangeSchema.safeParse(search.get('range'));
  const change = (range: SloRange) =>
    setSearch(
      current => {
        const next = new URLSearchParams(current);
        if (range === defaultRange) next.delete('range');
        else next.set('range', range);
        return next;
      },
      { replace: true },
    );
  return [parsed.success ? parsed.data : defaultRange, change];
}

/** Budget, requests, errors and latency on one time axis with one cursor. */
export function SloCharts({ slo }: { slo: SloDetail }) {
  const api = useApi(platformApiRef);
  const [range, setRange] = useRange();
  const { data, error, retry } = usePolled(
    `series ${slo.id} ${range}`,
    signal => api.series(slo.id, range, signal),
    pollMsOf[range],
  );
  const charts = useMemo(() => (data ? chartsOf(data, slo) : []), [data, slo]);
  const sample = data ? sampleShare(data.times, slo.sampleHistoryUntil) : 0;
  return (
    <>
      <Box sx={{ display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: 1.5 }}>
        <Heading>History</Heading>
        <ToggleButtonGroup
          exclusive
          size="small"
          value={range}
          aria-label="Time range"
          onChange={(_, next: SloRange | null) => next && setRange(next)}
        >
          {sloRangeSchema.options.map(option => (
            <ToggleButton key={option} value={option} sx={{ textTransform: 'none', py: 0.25, px: 1.25, color: 'text.primary' }}>
              {option}
            </ToggleButton>
          ))}
        </ToggleButtonGroup>
        {sample > 0 && slo.sampleHistoryUntil && (
          <Box sx={{ fontSize: 13, color: 'text.secondary' }}>
            <Ago iso={slo.sampleHistoryUntil} prefix="Hatched: sample history, until " />. Measured since.
          </Box>
        )}
      </Box>
      {data && <PartialErrors errors={data.errors} failed={error} onRetry={retry} />}
      {!data && error && (
        <Panel dense>
          <ErrorState what="The history could not be read" error={error} onRetry={retry} />
        </Panel>
      )}
      {!data && !error && <ChartSkeleton />}
      <CursorProvider>
        <Box sx={{ display: 'grid', gap: 2, gridTemplateColumns: { xs: 'minmax(0, 1fr)', lg: 'repeat(3, minmax(0, 1fr))' } }}>
          {charts.map((chart, index) => (
            <Box key={chart.title} sx={{ gridColumn: { lg: index === 0 ? '1 / -1' : 'auto' }, minWidth: 0 }}>
              <ChartPanel chart={chart} times={data!.times} sampleUntil={sample > 0 ? slo.sampleHistoryUntil : null} />
            </Box>
          ))}
        </Box>
      </CursorProvider>
    </>
  );
}
