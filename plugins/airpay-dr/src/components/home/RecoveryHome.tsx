import { useApi } from '@backstage/frontend-plugin-api';
import Alert from '@mui/material/Alert';
import { recoveryApiRef } from '../../adapters/api';
import { usePolled } from '../../hooks/usePolled';
import { PageFrame } from '../shared/Frame';
import { Loading, LoadError, StaleNotice } from '../shared/States';
import { RunsTable } from './RunsTable';
import { SystemCard } from './SystemCard';

const systemsIntervalMs = 3_000;

/** Would we survive losing the active region now? One card per system, then the runs. */
export const RecoveryHome = () => {
  const api = useApi(recoveryApiRef);
  const polled = usePolled('systems', signal => api.systems(signal), systemsIntervalMs);
  return (
    <PageFrame>
      {!polled.data && polled.error && <LoadError what="The systems" error={polled.error} onRetry={polled.retry} />}
      {!polled.data && !polled.error && <Loading what="the systems" heights={[460]} />}
      {polled.data && polled.error && <StaleNotice error={polled.error} onRetry={polled.retry} />}
      {polled.data?.length === 0 && (
        <Alert severity="info" variant="outlined">
          No system has a recovery plan yet. Systems are listed in the configuration under airpay.recovery.systems.
        </Alert>
      )}
      {polled.data?.map(system => (
        <SystemCard key={system.name} system={system} loadedAtMs={polled.loadedAtMs} intervalMs={systemsIntervalMs} />
      ))}
      <RunsTable systems={polled.data ?? []} />
    </PageFrame>
  );
};
