import { alpha, useTheme } from '@mui/material/styles';
import useMediaQuery from '@mui/material/useMediaQuery';
import { ChartsReferenceLine } from '@mui/x-charts/ChartsReferenceLine';
import { axisClasses } from '@mui/x-charts/ChartsAxis';
import { chartsGridClasses } from '@mui/x-charts/ChartsGrid';
import { LineChart, areaElementClasses } from '@mui/x-charts/LineChart';
import { useMemo } from 'react';
import { tickText, timeTicks } from '../../domain/chart';
import { ChartOverlays } from './ChartOverlays';
import type { Chart } from './charts';
import { lineColor } from './lineColor';

/** The chart itself; loaded only when one is drawn, since the chart library is large. */
export function LineChartBox(props: { chart: Chart; times: readonly number[]; sampleUntil: string | null }) {
  const { chart, times } = props;
  const theme = useTheme();
  const small = useMediaQuery(theme.breakpoints.down('sm'));
  const dates = useMemo(() => times.map(at => new Date(at)), [times]);
  const span = times.length > 1 ? times[times.length - 1] - times[0] : 0;
  const wide = chart.height > 200 && !small;
  const ticks = useMemo(() => timeTicks(times, wide ? 10 : 5), [times, wide]);
  const series = useMemo(
    () =>
      chart.lines.map(line => ({
        id: line.name,
        label: line.name,
        data: line.values,
        area: line.area,
        color: lineColor(theme, line.color),
        showMark: false,
        curve: 'linear' as const,
        connectNulls: false,
        valueFormatter: (value: number | null) => chart.text(value),
      })),
    [chart, theme],
  );
  return (
    <LineChart
      height={chart.height}
      skipAnimation
      series={series}
      margin={{ left: 62, right: 20, top: 8, bottom: 26 }}
      grid={{ horizontal: true }}
      xAxis={[
        {
          data: dates,
          scaleType: 'time',
          // The axis ends where the data does; the default rounds it to nice times.
          min: dates[0],
          max: dates[dates.length - 1],
          tickInterval: ticks.map(at => new Date(at)),
          valueFormatter: (value: Date, context) =>
            context.location === 'tick' ? tickText(value.getTime(), span) : value.toLocaleString('en-GB'),
        },
      ]}
      yAxis={[{ min: chart.domain[0], max: chart.domain[1], tickNumber: 4, valueFormatter: chart.text }]}
      slotProps={{ legend: { hidden: true } }}
      axisHighlight={{ x: 'none' }}
      sx={{
        [`& .${areaElementClasses.root}`]: { opacity: 0.12 },
        [`& .${axisClasses.line}, & .${axisClasses.tick}`]: { stroke: `${alpha(theme.palette.text.primary, 0.25)} !important` },
        [`& .${axisClasses.tickLabel}`]: { fill: `${theme.palette.text.secondary} !important` },
        [`& .${chartsGridClasses.line}`]: { stroke: theme.palette.divider },
      }}
    >
      {chart.reference && (
        <ChartsReferenceLine
          y={chart.reference.value}
          label={chart.reference.name}
          labelAlign="start"
          labelStyle={{ fontSize: 11, fill: theme.palette.text.secondary }}
          lineStyle={{ stroke: theme.palette.text.secondary, strokeDasharray: '4 3' }}
        />
      )}
      <ChartOverlays sampleUntil={props.sampleUntil} />
    </LineChart>
  );
}
