import { planNameSchema, type Plan, type RecoverySystem } from '@airpay/plugin-airpay-dr-common';
import { BreadcrumbEntry, useApi, useRouteRef, useRouteRefParams } from '@backstage/frontend-plugin-api';
import Alert from '@mui/material/Alert';
import { useSearchParams } from 'react-router-dom';
import { recoveryApiRef, RefusedError } from '../../adapters/api';
import { refusalText } from '../../domain/planWords';
import { targetRegion } from '../../domain/systemWords';
import { usePolled } from '../../hooks/usePolled';
import { planRouteRef, recoveryRouteRef } from '../../routes';
import { PageFrame } from '../shared/Frame';
import { Loading, LoadError, StaleNotice } from '../shared/States';
import { TextLink } from '../shared/TextLink';
import { PlanBody } from './PlanBody';

const planIntervalMs = 5_000;
const systemIntervalMs = 15_000;

/** A plan: what would happen, whether it may, and the way to start it. */
export const PlanPage = () => {
  const { system: name, planName } = useRouteRefParams(planRouteRef);
  const api = useApi(recoveryApiRef);
  const [query] = useSearchParams();
  const known = planNameSchema.safeParse(planName);
  const system = usePolled(`system ${name}`, signal => api.system(name, signal), systemIntervalMs);
  const to = query.get('to') ?? (system.data && targetRegion(system.data)?.id);

  return (
    <BreadcrumbEntry entry={{ label: `Plan for ${system.data?.title ?? name}`, href: `${name}/plan/${planName}` }}>
      <PageFrame>
        {!known.success && <NoSuchPlan planName={planName} />}
        {known.success && to && <Planned planName={known.data} name={name} to={to} system={system.data} />}
        {known.success && !to && !system.data && !system.error && <Loading what="the plan" heights={[120, 320]} />}
        {known.success && !to && !system.data && system.error && (
          <LoadError what={`The system ${name}`} error={system.error} onRetry={system.retry} />
        )}
        {known.success && !to && system.data && (
          <Alert severity="warning" variant="outlined">
            It cannot be told which region is active, so there is nothing to plan a switch from.
          </Alert>
        )}
      </PageFrame>
    </BreadcrumbEntry>
  );
};

const NoSuchPlan = ({ planName }: { planName: string }) => {
  const home = useRouteRef(recoveryRouteRef)?.() ?? '/recovery';
  return (
    <Alert severity="info" variant="outlined">
      {`There is no plan “${planName}”. `}
      <TextLink to={home}>All systems and plans</TextLink>
    </Alert>
  );
};

interface PlannedProps {
  planName: Plan['plan'];
  name: string;
  to: string;
  system: RecoverySystem | undefined;
}

const Planned = ({ planName, name, to, system }: PlannedProps) => {
  const api = useApi(recoveryApiRef);
  const polled = usePolled(
    `plan ${planName} ${name} ${to}`,
    signal => api.plan({ plan: planName, system: name, to }, signal),
    planIntervalMs,
  );
  if (!polled.data) {
    if (!polled.error) return <Loading what="the plan" heights={[120, 320]} />;
    return polled.error instanceof RefusedError ? (
      <Alert severity="info" variant="outlined">
        {refusalText(polled.error.refusal)}
      </Alert>
    ) : (
      <LoadError what="The plan" error={polled.error} onRetry={polled.retry} />
    );
  }
  return (
    <>
      {polled.error && <StaleNotice error={polled.error} onRetry={polled.retry} />}
      <PlanBody
        key={`${name} ${to}`}
        plan={polled.data}
        system={system}
        loadedAtMs={polled.loadedAtMs ?? Date.now()}
        intervalMs={planIntervalMs}
        onReread={polled.retry}
      />
    </>
  );
};
