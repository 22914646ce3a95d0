import type { SloDetail } from '@airpay/plugin-airpay-platform-common';
import Box from '@mui/material/Box';
import Table from '@mui/material/Table';
import TableBody from '@mui/material/TableBody';
import TableCell from '@mui/material/TableCell';
import TableHead from '@mui/material/TableHead';
import TableRow from '@mui/material/TableRow';
import { burnText, durationText } from '../../domain/format';
import { tabular } from '../shared/Figure';
import { Panel } from '../shared/Layout';
import { StatusMark } from '../shared/StatusMark';

function stateOf(row: SloDetail['windows'][number]) {
  if (row.firing) return <StatusMark status={row.severity === 'page' ? 'act' : 'watch'} word="Firing" />;
  if (row.longBurn === null || row.shortBurn === null) return <StatusMark status="unknown" />;
  return <StatusMark status="ok" word="Not firing" />;
}

/** The pairs of windows that page or open a ticket: both must burn faster than the factor. */
export function BurnTable({ slo }: { slo: SloDetail }) {
  return (
    <Panel title="Burn alerts" dense>
      <Box sx={{ overflowX: 'auto', pt: 0.5 }} tabIndex={0} role="region" aria-label="Table of burn alerts">
        <Table size="small" sx={{ minWidth: 640, '& td, & th': { ...tabular, borderColor: 'divider', px: 2 }, '& tbody tr:last-of-type td': { border: 0 } }}>
          <TableHead>
            <TableRow sx={{ '& th': { fontSize: 13, fontWeight: 600, color: 'text.secondary', whiteSpace: 'nowrap', bgcolor: 'transparent' } }}>
              <TableCell>State</TableCell>
              <TableCell>Then</TableCell>
              <TableCell align="right">Fires above</TableCell>
              <TableCell align="right">Long window</TableCell>
              <TableCell align="right">Short window</TableCell>
              <TableCell align="right">Whole budget gone in</TableCell>
            </TableRow>
          </TableHead>
          <TableBody>
            {slo.windows.map(row => (
              <TableRow key={`${row.longWindow} ${row.shortWindow}`}>
                <TableCell>{stateOf(row)}</TableCell>
                <TableCell sx={{ whiteSpace: 'nowrap' }}>{row.severity === 'page' ? 'pages' : 'opens a ticket'}</TableCell>
                <TableCell align="right">{burnText(row.factor)}</TableCell>
                <TableCell align="right">
                  <Box component="span" sx={{ color: 'text.secondary' }}>{row.longWindow}</Box> {burnText(row.longBurn)}
                </TableCell>
                <TableCell align="right">
                  <Box component="span" sx={{ color: 'text.secondary' }}>{row.shortWindow}</Box> {burnText(row.shortBurn)}
                </TableCell>
                <TableCell align="right">{durationText(row.exhaustsInSeconds)}</TableCell>
              </TableRow>
            ))}
          </TableBody>
        </Table>
        {slo.windows.length === 0 && <Box sx={{ px: 2, py: 1.5, color: 'text.secondary' }}>No burn alerts are recorded.</Box>}
      </Box>
    </Panel>
  );
}
