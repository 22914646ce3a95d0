import { recoveryAuditPermission } from '@airpay/plugin-airpay-dr-common';
import { useApi } from '@backstage/frontend-plugin-api';
import { usePermission } from '@backstage/plugin-permission-react';
import Button from '@mui/material/Button';
import Box from '@mui/material/Box';
import Table from '@mui/material/Table';
import TableBody from '@mui/material/TableBody';
import TableCell from '@mui/material/TableCell';
import TableHead from '@mui/material/TableHead';
import TableRow from '@mui/material/TableRow';
import Typography from '@mui/material/Typography';
import { useState } from 'react';
import { recoveryApiRef } from '../../adapters/api';
import { absoluteText, refName, utcTimeText } from '../../domain/format';
import { usePolled } from '../../hooks/usePolled';
import { Section } from '../shared/Frame';
import { Loading, LoadError } from '../shared/States';

const journalIntervalMs = 5_000;

/** Who did what and when, for those who may audit; read only when asked for. */
export const Journal = ({ runId, open }: { runId: string; open: boolean }) => {
  const { allowed } = usePermission({ permission: recoveryAuditPermission });
  const [shown, setShown] = useState(false);
  if (!allowed) return null;
  return (
    <Section title="Journal" aside="append-only, times in UTC">
      {shown ? <Events runId={runId} open={open} /> : <Button onClick={() => setShown(true)}>Show the journal</Button>}
    </Section>
  );
};

const Events = ({ runId, open }: { runId: string; open: boolean }) => {
  const api = useApi(recoveryApiRef);
  const polled = usePolled(`events ${runId} ${open}`, signal => api.events(runId, signal), journalIntervalMs, () => !open);
  if (polled.error && !polled.data) return <LoadError what="The journal" error={polled.error} onRetry={polled.retry} />;
  if (!polled.data) return <Loading what="the journal" heights={[200]} />;
  if (polled.data.length === 0) return <Typography>Nothing is recorded yet.</Typography>;
  return (
    <Box sx={{ overflowX: 'auto', maxHeight: 480 }} tabIndex={0} role="region" aria-label="Journal of the run">
      <Table size="small" stickyHeader>
        <TableHead>
          <TableRow>
            {['#', 'At', 'Who', 'What', 'Step', 'Words'].map(name => (
              <TableCell key={name}>{name}</TableCell>
            ))}
          </TableRow>
        </TableHead>
        <TableBody>
          {polled.data.map(event => (
            <TableRow key={event.sequence}>
              <TableCell align="right">{event.sequence}</TableCell>
              <TableCell title={absoluteText(event.at)} sx={{ whiteSpace: 'nowrap' }}>
                {utcTimeText(event.at)}
              </TableCell>
              <TableCell>{refName(event.actor)}</TableCell>
              <TableCell>{event.kind}</TableCell>
              <TableCell>{event.stepId ?? ''}</TableCell>
              <TableCell sx={{ minWidth: 220 }}>{event.text}</TableCell>
            </TableRow>
          ))}
        </TableBody>
      </Table>
    </Box>
  );
};
