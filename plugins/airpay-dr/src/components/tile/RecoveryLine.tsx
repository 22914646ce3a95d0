import { useApi } from '@backstage/frontend-plugin-api';
import { recoveryApiRef } from '../../adapters/api';
import { homeSentence, readinessStatus } from '../../domain/systemWords';
import { useNow } from '../../hooks/useNow';
import { usePolled } from '../../hooks/usePolled';
import { StatusIcon } from '../shared/StatusMark';

const intervalMs = 5_000;

/** The home page's second line, one sentence per system: what would be lost, and whether it would survive. */
export const RecoveryLine = () => {
  const api = useApi(recoveryApiRef);
  const { data: systems, error } = usePolled('systems of the line', signal => api.systems(signal), intervalMs);
  const now = useNow();
  if (!systems) {
    return <span>{error ? `Whether a lost region would be survived is unknown: ${error.message}` : 'Asking both regions …'}</span>;
  }
  if (systems.length === 0) return <span>No system has a recovery plan yet.</span>;
  return (
    <>
      {systems.map(system => (
        <span key={system.name} style={{ display: 'block' }}>
          <StatusIcon status={error ? 'unknown' : readinessStatus[system.readiness]} /> {homeSentence(system, now)}
        </span>
      ))}
    </>
  );
};
