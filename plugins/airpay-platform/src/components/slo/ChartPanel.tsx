import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Skeleton from '@mui/material/Skeleton';
import { useTheme } from '@mui/material/styles';
import { lazy, Suspense, useState } from 'react';
import { gaps, hasData } from '../../domain/chart';
import { noData } from '../../domain/format';
import { tabular } from '../shared/Figure';
import { Panel } from '../shared/Layout';
import { chartSentence, type Chart } from './charts';
import { ChartTable } from './ChartTable';
import { lineColor } from './lineColor';

const LineChartBox = lazy(() => import('./LineChartBox').then(module => ({ default: module.LineChartBox })));

function Legend({ chart }: { chart: Chart }) {
  const theme = useTheme();
  return (
    <Box sx={{ display: 'flex', flexWrap: 'wrap', columnGap: 1.5, fontSize: 13, ...tabular }}>
      {chart.lines.map(line => {
        const last = [...line.values].reverse().find(value => value !== null) ?? null;
        return (
          <Box key={line.name} sx={{ display: 'inline-flex', alignItems: 'center', gap: 0.75, whiteSpace: 'nowrap' }}>
            <Box aria-hidden sx={{ width: 12, height: 3, borderRadius: 1, bgcolor: lineColor(theme, line.color) }} />
            {chart.lines.length > 1 && <Box component="span" sx={{ color: 'text.secondary' }}>{line.name}</Box>}
            {chart.text(last)}
          </Box>
        );
      })}
    </Box>
  );
}

/** One chart with its legend, its accessible name, and the same figures as a table. */
export function ChartPanel(props: { chart: Chart; times: readonly number[]; sampleUntil: string | null }) {
  const { chart, times } = props;
  const [asTable, setAsTable] = useState(false);
  const drawn = chart.lines.some(line => hasData(line.values));
  const holes = gaps(chart.lines[0].values).length;
  return (
    <Panel
      title={chart.title}
      aside={
        <Button
          size="small"
          color="inherit"
          aria-label={`${chart.title} as a ${asTable ? 'chart' : 'table'}`}
          onClick={() => setAsTable(!asTable)}
          sx={{ minWidth: 0, py: 0 }}
        >
          {asTable ? 'Chart' : 'Table'}
        </Button>
      }
      sx={{ height: '100%' }}
    >
      <Legend chart={chart} />
      {asTable && <ChartTable chart={chart} times={times} sampleUntil={props.sampleUntil} />}
      {!asTable && drawn && (
        <Box role="img" aria-label={`${chartSentence(chart)}${holes > 0 ? ` ${holes} gaps.` : ''}`}>
          <Suspense fallback={<Skeleton variant="rounded" height={chart.height} />}>
            <LineChartBox chart={chart} times={times} sampleUntil={props.sampleUntil} />
          </Suspense>
        </Box>
      )}
      {!asTable && !drawn && (
        <Box sx={{ height: chart.height, display: 'grid', placeItems: 'center', color: 'text.secondary' }}>
          {noData} in this range
        </Box>
      )}
    </Panel>
  );
}

export function ChartSkeleton() {
  return (
    <Box role="status" aria-label="Reading the history" sx={{ display: 'grid', gap: 2, gridTemplateColumns: { xs: '1fr', lg: 'repeat(3, 1fr)' } }}>
      <Skeleton variant="rounded" height={270} sx={{ gridColumn: { lg: '1 / -1' } }} />
      <Skeleton variant="rounded" height={230} />
      <Skeleton variant="rounded" height={230} />
      <Skeleton variant="rounded" height={230} />
    </Box>
  );
}
