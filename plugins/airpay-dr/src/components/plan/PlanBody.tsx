import type { Plan, RecoverySystem } from '@airpay/plugin-airpay-dr-common';
import { useRouteRef } from '@backstage/frontend-plugin-api';
import Alert from '@mui/material/Alert';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Typography from '@mui/material/Typography';
import { useState } from 'react';
import { useNavigate } from 'react-router-dom';
import { durationText } from '../../domain/format';
import { amountsText, atRiskText, regionTitle } from '../../domain/systemWords';
import { runRouteRef } from '../../routes';
import { Figure, Section } from '../shared/Frame';
import { StatusMark } from '../shared/StatusMark';
import { TextLink } from '../shared/TextLink';
import { LiveMark } from '../shared/Time';
import { PlannedSteps } from './PlannedSteps';
import { Preconditions } from './Preconditions';
import { StartForm } from './StartForm';

interface Props {
  plan: Plan;
  system: RecoverySystem | undefined;
  loadedAtMs: number;
  intervalMs: number;
  onReread: () => void;
}

export const PlanBody = ({ plan, system, loadedAtMs, intervalMs, onReread }: Props) => {
  const [runId] = useState(() => crypto.randomUUID());
  const [acceptedHash, setAcceptedHash] = useState(plan.hash);
  const navigate = useNavigate();
  const runLink = useRouteRef(runRouteRef);
  const toTitle = system ? regionTitle(system, plan.to) : plan.to;

  return (
    <>
      <Head plan={plan} system={system} loadedAtMs={loadedAtMs} intervalMs={intervalMs} />
      {plan.hash !== acceptedHash && <Changed onAccept={() => setAcceptedHash(plan.hash)} />}
      <Box sx={{ display: 'grid', gap: 2, alignItems: 'start', gridTemplateColumns: { xs: 'minmax(0,1fr)', md: 'minmax(0,1fr) 340px' } }}>
        <Box sx={{ display: 'grid', gap: 2, minWidth: 0, gridTemplateColumns: 'minmax(0,1fr)' }}>
          <Preconditions plan={plan} />
          <PlannedSteps steps={plan.steps} />
        </Box>
        <Box sx={{ position: { md: 'sticky' }, top: { md: 16 }, minWidth: 0 }}>
          <StartForm
            plan={plan}
            runId={runId}
            acceptedHash={acceptedHash}
            loadedAtMs={loadedAtMs}
            toTitle={toTitle}
            onStarted={run => navigate(runLink?.({ id: run.id }) ?? `/recovery/runs/${run.id}`)}
            onRefused={onReread}
          />
        </Box>
      </Box>
    </>
  );
};

const Head = ({ plan, system, loadedAtMs, intervalMs }: Omit<Props, 'onReread'>) => {
  const runLink = useRouteRef(runRouteRef);
  const openRunId = system?.openRunId;
  return (
    <Section title={plan.title} aside={<LiveMark loadedAtMs={loadedAtMs} intervalMs={intervalMs} />}>
      <Typography component="div" sx={{ fontSize: 16 }}>
        <StatusMark status={plan.startable ? 'ok' : 'act'}>{plan.startable ? 'Can be started now.' : 'Cannot be started now.'}</StatusMark>
      </Typography>
      {openRunId && runLink && (
        <Alert severity="warning" variant="outlined" sx={{ mt: 1 }}>
          {'A run of this system is open. '}
          <TextLink to={runLink({ id: openRunId })}>Open the run</TextLink>
        </Alert>
      )}
      <Box sx={{ mt: 1.5, display: 'grid', gap: 2, gridTemplateColumns: 'repeat(auto-fit, minmax(140px, 1fr))' }}>
        <Figure name="From" value={system ? regionTitle(system, plan.from) : plan.from} />
        <Figure name="To" value={system ? regionTitle(system, plan.to) : plan.to} />
        <Figure
          name="Not yet in the other region"
          value={plan.atRisk ? amountsText(plan.atRisk.amounts) : 'unknown'}
          note={plan.atRisk ? `${atRiskText({ ...plan.atRisk, amounts: [] })}; the switch waits for them` : undefined}
        />
        {system && <Figure name="RTO goal" value={durationText(system.rtoSeconds)} />}
      </Box>
    </Section>
  );
};

const Changed = ({ onAccept }: { onAccept: () => void }) => (
  <Alert
    severity="warning"
    variant="outlined"
    action={
      <Button color="inherit" size="small" onClick={onAccept}>
        I have read the new plan
      </Button>
    }
  >
    What was observed has changed since you opened this plan: the steps and preconditions below are new. Read them again before you start.
  </Alert>
);
