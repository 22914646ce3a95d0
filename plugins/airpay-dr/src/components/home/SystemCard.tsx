import type { RecoverySystem } from '@airpay/plugin-airpay-dr-common';
import { useRouteRef } from '@backstage/frontend-plugin-api';
import Alert from '@mui/material/Alert';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Divider from '@mui/material/Divider';
import Typography from '@mui/material/Typography';
import { Link as RouterLink } from 'react-router-dom';
import { countOf, countText, durationMsText, durationText } from '../../domain/format';
import { amountsText, readinessSentence, readinessStatus, regionTitle, targetRegion } from '../../domain/systemWords';
import { planRouteRef, runRouteRef } from '../../routes';
import { Figure, Section } from '../shared/Frame';
import { PartialErrors } from '../shared/States';
import { StatusMark } from '../shared/StatusMark';
import { TextLink } from '../shared/TextLink';
import { Ago, LiveMark } from '../shared/Time';
import { Checks } from './Checks';
import { Topology } from './Topology';

interface Props {
  system: RecoverySystem;
  loadedAtMs: number | undefined;
  intervalMs: number;
}

/** One system: would it survive, what is at risk, how it stands, what can be done. */
export const SystemCard = ({ system, loadedAtMs, intervalMs }: Props) => (
  <Section title={system.title} aside={<LiveMark loadedAtMs={loadedAtMs} intervalMs={intervalMs} />}>
    <Typography component="div" sx={{ fontSize: 18 }}>
      <StatusMark status={readinessStatus[system.readiness]}>{readinessSentence(system)}</StatusMark>
    </Typography>
    <OpenRun system={system} />
    <Box sx={{ mt: 2, display: 'grid', gap: 2, gridTemplateColumns: 'repeat(auto-fit, minmax(140px, 1fr))' }}>
      <AtRisk system={system} />
      <Goals system={system} />
    </Box>
    <Box sx={{ mt: 2 }}>
      <Topology system={system} />
    </Box>
    <Traffic system={system} />
    <Box sx={{ mt: 2 }}>
      <Checks checks={system.checks} />
    </Box>
    <Box sx={{ mt: system.errors.length > 0 ? 1 : 0 }}>
      <PartialErrors errors={system.errors} />
    </Box>
    <Divider sx={{ my: 2 }} />
    <Actions system={system} />
  </Section>
);

const OpenRun = ({ system }: { system: RecoverySystem }) => {
  const runLink = useRouteRef(runRouteRef);
  if (!system.openRunId || !runLink) return null;
  return (
    <Alert severity="warning" variant="outlined" sx={{ mt: 1.5 }}>
      {'A switch of this system is under way. '}
      <TextLink to={runLink({ id: system.openRunId })}>Open the run</TextLink>
    </Alert>
  );
};

const AtRisk = ({ system }: { system: RecoverySystem }) => {
  const { atRisk } = system;
  const name = `At risk if ${regionTitle(system, system.activeRegion)} were lost now`;
  if (!atRisk) return <Figure name={name} value={<StatusMark status="unknown" />} />;
  return (
    <Figure
      name={name}
      value={atRisk.payments === 0 ? 'No payments' : amountsText(atRisk.amounts)}
      note={
        <>
          {atRisk.payments > 0 && `${countOf(atRisk.payments, 'payment', 'payments')}, `}
          <Ago at={atRisk.at} />
          {`, ${atRisk.source}`}
        </>
      }
    />
  );
};

const Goals = ({ system }: { system: RecoverySystem }) => {
  const last = system.lastSwitch;
  const lost = last && (last.acknowledgedChecked === 0 ? 'none checked' : `${countText(last.acknowledgedLost)} lost of ${countText(last.acknowledgedChecked)} checked`);
  return (
    <>
      <Figure
        name="RTO goal"
        value={durationText(system.rtoSeconds)}
        note={last ? `last measured: write gap ${durationMsText(last.writeGapMs)}` : 'never measured'}
      />
      <Figure name="RPO goal" value={durationText(system.rpoSeconds)} note={lost ? `last measured: ${lost}` : 'never measured'} />
      <Figure
        name="Last switch"
        value={last ? <Ago at={last.endedAt} /> : 'Never'}
        note={last ? <LastRun system={system} /> : 'a switch that was never done is not proven'}
      />
    </>
  );
};

const LastRun = ({ system }: { system: RecoverySystem }) => {
  const runLink = useRouteRef(runRouteRef);
  const last = system.lastSwitch;
  if (!last) return null;
  const words = `${regionTitle(system, last.from)} → ${regionTitle(system, last.to)}`;
  return runLink ? <TextLink to={runLink({ id: last.runId })}>{words}</TextLink> : <>{words}</>;
};

const Traffic = ({ system }: { system: RecoverySystem }) => (
  <Typography variant="body2" color="text.secondary" sx={{ mt: 1, overflowWrap: 'anywhere' }}>
    {system.traffic
      ? `${system.traffic.record} → ${system.traffic.target ?? 'nowhere'}, TTL ${durationText(system.traffic.ttlSeconds)}`
      : 'Where the traffic leads is unknown.'}
  </Typography>
);

const Actions = ({ system }: { system: RecoverySystem }) => {
  const planLink = useRouteRef(planRouteRef);
  const target = targetRegion(system);
  if (!planLink) return null;
  if (!target) {
    return (
      <Typography variant="body2" color="text.secondary">
        A switch can be planned when it is known which region is active.
      </Typography>
    );
  }
  return (
    <Box sx={{ display: 'flex', flexWrap: 'wrap', gap: 1.5, alignItems: 'center' }}>
      <Button
        component={RouterLink}
        to={`${planLink({ system: system.name, planName: 'planned-region-switch' })}?to=${encodeURIComponent(target.id)}`}
        variant="contained"
      >
        {`Plan a switch to ${target.title}`}
      </Button>
      <Typography variant="body2" color="text.secondary">
        Opens the plan; nothing changes until you start it there.
      </Typography>
    </Box>
  );
};
