import type { RecoverySystem, Run } from '@airpay/plugin-airpay-dr-common';
import { useRouteRef } from '@backstage/frontend-plugin-api';
import Alert from '@mui/material/Alert';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Typography from '@mui/material/Typography';
import { Link as RouterLink } from 'react-router-dom';
import { countOf, countText, durationMsText, durationText, unknown } from '../../domain/format';
import { isOpen } from '../../domain/runWords';
import { regionTitle } from '../../domain/systemWords';
import { planRouteRef } from '../../routes';
import { Figure, Section } from '../shared/Frame';
import { StatusMark } from '../shared/StatusMark';

/** The end of a run: what was measured, beside what was wanted, and the way back. */
export const RunSummary = ({ run, system }: { run: Run; system: RecoverySystem | undefined }) => {
  if (isOpen(run)) return null;
  if (run.state === 'aborted') {
    return (
      <Section title="Summary">
        <Typography>The run was aborted. Each step below says what was done and what was taken back.</Typography>
        <WayOn run={run} system={system} to={run.to} label="Plan the switch again" />
      </Section>
    );
  }
  const { result } = run;
  if (!result) {
    return (
      <Section title="Summary">
        <Alert severity="warning" variant="outlined">
          Nothing was measured in this run: see the steps for what happened.
        </Alert>
        <WayOn run={run} system={system} to={run.from} label={backLabel(run, system)} />
      </Section>
    );
  }
  return (
    <Section title="Summary">
      <Box sx={{ display: 'grid', gap: 2, gridTemplateColumns: 'repeat(auto-fit, minmax(140px, 1fr))' }}>
        <Figure name="Write gap" value={durationMsText(result.writeGapMs)} note="longest time without an acknowledged payment, from the payer’s log" />
        <Figure
          name="Acknowledged payments lost"
          value={<Lost checked={result.acknowledgedChecked} lost={result.acknowledgedLost} />}
          note={`${countText(result.acknowledgedChecked)} checked`}
        />
        <Figure
          name="Recovery time"
          value={result.recoveryTimeMs === null ? unknown : durationMsText(result.recoveryTimeMs)}
          note={system ? `goal ${durationText(system.rtoSeconds)}; start to the first payment settled` : 'start to the first payment settled'}
        />
        <Figure
          name="Verification payment"
          value={<Box sx={{ fontSize: 13, fontWeight: 400, overflowWrap: 'anywhere', fontFamily: 'monospace' }}>{result.verificationTransferId ?? 'none'}</Box>}
        />
      </Box>
      {result.lostTransferIds.length > 0 && (
        <Alert severity="error" variant="outlined" sx={{ mt: 2 }}>
          {`Lost: ${result.lostTransferIds.join(', ')}${result.acknowledgedLost > result.lostTransferIds.length ? ' and more' : ''}`}
        </Alert>
      )}
      <WayOn run={run} system={system} to={run.from} label={backLabel(run, system)} />
    </Section>
  );
};

const Lost = ({ checked, lost }: { checked: number; lost: number }) => {
  if (lost > 0) return <StatusMark status="act">{countOf(lost, 'payment', 'payments')}</StatusMark>;
  return checked === 0 ? <StatusMark status="unknown">None checked</StatusMark> : <StatusMark status="ok">0</StatusMark>;
};

const backLabel = (run: Run, system: RecoverySystem | undefined) =>
  `Plan the way back to ${system ? regionTitle(system, run.from) : run.from}`;

const WayOn = ({ run, system, to, label }: { run: Run; system: RecoverySystem | undefined; to: string; label: string }) => {
  const planLink = useRouteRef(planRouteRef);
  // The way back is only a way back while the region that was left is not active.
  if (!planLink || system?.activeRegion === to) return null;
  return (
    <Button
      component={RouterLink}
      to={`${planLink({ system: run.system, planName: run.plan })}?to=${encodeURIComponent(to)}`}
      variant="outlined"
      sx={{ mt: 2 }}
    >
      {label}
    </Button>
  );
};
