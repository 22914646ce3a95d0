import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import { useState } from 'react';
import { tabular } from '../shared/Figure';
import type { Chart } from './charts';

const pageRows = 100;

/** The chart's points as a table, newest first. */
export function ChartTable(props: { chart: Chart; times: readonly number[]; sampleUntil: string | null }) {
  const { chart, times } = props;
  const [rows, setRows] = useState(pageRows);
  const sampleUntilMs = props.sampleUntil === null ? -Infinity : Date.parse(props.sampleUntil);
  const indexes = times.map((_, index) => times.length - 1 - index).slice(0, rows);
  const time = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });
  const cell = { px: 1, py: 0.25, textAlign: 'right', ...tabular } as const;
  return (
    <Box sx={{ maxHeight: chart.height, overflow: 'auto' }} tabIndex={0} role="region" aria-label={`Table of ${chart.title.toLocaleLowerCase('en-US')}`}>
      <Box component="table" sx={{ width: '100%', borderCollapse: 'collapse', fontSize: 13 }}>
        <thead>
          <tr>
            <Box component="th" scope="col" sx={{ ...cell, textAlign: 'left' }}>
              Time
            </Box>
            {chart.lines.map(line => (
              <Box component="th" scope="col" key={line.name} sx={cell}>
                {line.name}
              </Box>
            ))}
          </tr>
        </thead>
        <tbody>
          {indexes.map(index => (
            <tr key={times[index]}>
              <Box component="th" scope="row" sx={{ ...cell, textAlign: 'left', fontWeight: 400, whiteSpace: 'nowrap' }}>
                {time.format(times[index])}
                {times[index] < sampleUntilMs && ' (sample)'}
              </Box>
              {chart.lines.map(line => (
                <Box component="td" key={line.name} sx={cell}>
                  {chart.text(line.values[index])}
                </Box>
              ))}
            </tr>
          ))}
        </tbody>
      </Box>
      {rows < times.length && (
        <Button size="small" onClick={() => setRows(rows + pageRows)}>
          Show more
        </Button>
      )}
    </Box>
  );
}
