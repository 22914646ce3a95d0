import type { RecoverySystem, RunSummary } from '@airpay/plugin-airpay-dr-common';
import { useApi, useRouteRef } from '@backstage/frontend-plugin-api';
import Box from '@mui/material/Box';
import Table from '@mui/material/Table';
import TableBody from '@mui/material/TableBody';
import TableCell from '@mui/material/TableCell';
import TableHead from '@mui/material/TableHead';
import TableRow from '@mui/material/TableRow';
import Typography from '@mui/material/Typography';
import { recoveryApiRef } from '../../adapters/api';
import { clockText, countText, durationMsText, refName } from '../../domain/format';
import { elapsedMs } from '../../domain/runWords';
import { regionTitle } from '../../domain/systemWords';
import { usePolled } from '../../hooks/usePolled';
import { runRouteRef } from '../../routes';
import { Section } from '../shared/Frame';
import { Loading, LoadError, StaleNotice } from '../shared/States';
import { RunState } from '../shared/RunState';
import { TextLink } from '../shared/TextLink';
import { Ago } from '../shared/Time';

const runsIntervalMs = 10_000;
const runsShown = 25;

/** Past and open runs, newest first. */
export const RunsTable = ({ systems }: { systems: RecoverySystem[] }) => {
  const api = useApi(recoveryApiRef);
  const polled = usePolled('runs', signal => api.runs({ limit: runsShown }, signal), runsIntervalMs);
  return (
    <Section title="Runs" aside="newest first">
      {!polled.data && polled.error && <LoadError what="The runs" error={polled.error} onRetry={polled.retry} />}
      {!polled.data && !polled.error && <Loading what="the runs" heights={[120]} />}
      {polled.data && polled.error && <StaleNotice error={polled.error} onRetry={polled.retry} />}
      {polled.data?.length === 0 && (
        <Typography color="text.secondary">
          No switch has been run yet. The first one, planned above, proves the way over.
        </Typography>
      )}
      {polled.data && polled.data.length > 0 && <Runs runs={polled.data} systems={systems} />}
    </Section>
  );
};

const Runs = ({ runs, systems }: { runs: RunSummary[]; systems: RecoverySystem[] }) => (
  <Box sx={{ overflowX: 'auto' }} tabIndex={0} role="region" aria-label="Table of runs">
    <Table size="small">
      <TableHead>
        <TableRow>
          <TableCell>Run</TableCell>
          <TableCell>State</TableCell>
          <TableCell>Started</TableCell>
          <TableCell>By</TableCell>
          <TableCell align="right">Took</TableCell>
          <TableCell align="right">Write gap</TableCell>
          <TableCell align="right">Lost / checked</TableCell>
          <TableCell>Reason</TableCell>
        </TableRow>
      </TableHead>
      <TableBody>
        {runs.map(run => (
          <Row key={run.id} run={run} system={systems.find(one => one.name === run.system)} />
        ))}
      </TableBody>
    </Table>
  </Box>
);

const Row = ({ run, system }: { run: RunSummary; system: RecoverySystem | undefined }) => {
  const runLink = useRouteRef(runRouteRef);
  const result = run.result;
  const title = system
    ? `${system.title}: ${regionTitle(system, run.from)} → ${regionTitle(system, run.to)}`
    : `${run.system}: ${run.from} → ${run.to}`;
  return (
    <TableRow hover>
      <TableCell sx={{ whiteSpace: 'nowrap' }}>{runLink ? <TextLink to={runLink({ id: run.id })}>{title}</TextLink> : title}</TableCell>
      <TableCell sx={{ whiteSpace: 'nowrap' }}>
        <RunState state={run.state} />
      </TableCell>
      <TableCell>
        <Ago at={run.startedAt} />
      </TableCell>
      <TableCell>{refName(run.startedBy)}</TableCell>
      <TableCell align="right">{run.endedAt ? clockText(elapsedMs({ ...run, at: run.endedAt }, 0)) : '–'}</TableCell>
      <TableCell align="right" sx={{ whiteSpace: 'nowrap' }}>{result ? durationMsText(result.writeGapMs) : '–'}</TableCell>
      <TableCell align="right" sx={{ whiteSpace: 'nowrap' }}>
        {result ? `${countText(result.acknowledgedLost)} / ${countText(result.acknowledgedChecked)}` : '–'}
      </TableCell>
      <TableCell sx={{ minWidth: 180 }}>{run.reason}</TableCell>
    </TableRow>
  );
};
