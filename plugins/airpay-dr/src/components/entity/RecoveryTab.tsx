import { useApi } from '@backstage/frontend-plugin-api';
import { useEntity } from '@backstage/plugin-catalog-react';
import Alert from '@mui/material/Alert';
import { recoveryApiRef } from '../../adapters/api';
import { systemOfEntity } from '../../domain/entity';
import { usePolled } from '../../hooks/usePolled';
import { SystemCard } from '../home/SystemCard';
import { PageFrame } from '../shared/Frame';
import { Loading, LoadError, StaleNotice } from '../shared/States';

const intervalMs = 3_000;

/** The system card of the Recovery page, as a tab of the entities it is about. */
export const RecoveryTab = () => {
  const { entity } = useEntity();
  const api = useApi(recoveryApiRef);
  const polled = usePolled('systems of the tab', signal => api.systems(signal), intervalMs);
  const system = polled.data && systemOfEntity(entity, polled.data);
  return (
    <PageFrame>
      {!polled.data && polled.error && <LoadError what="Recovery" error={polled.error} onRetry={polled.retry} />}
      {!polled.data && !polled.error && <Loading what="recovery" heights={[460]} />}
      {polled.data && polled.error && <StaleNotice error={polled.error} onRetry={polled.retry} />}
      {polled.data && !system && (
        <Alert severity="info" variant="outlined">
          No configured recovery plan covers this entity. Systems are listed in the configuration under airpay.recovery.systems.
        </Alert>
      )}
      {system && <SystemCard system={system} loadedAtMs={polled.loadedAtMs} intervalMs={intervalMs} />}
    </PageFrame>
  );
};
