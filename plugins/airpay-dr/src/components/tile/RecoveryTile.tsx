import type { RecoverySystem } from '@airpay/plugin-airpay-dr-common';
import { useApi, useRouteRef } from '@backstage/frontend-plugin-api';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Skeleton from '@mui/material/Skeleton';
import Typography from '@mui/material/Typography';
import { recoveryApiRef } from '../../adapters/api';
import { linkText, readinessStatus, readinessWord, regionRoleWord } from '../../domain/systemWords';
import { usePolled } from '../../hooks/usePolled';
import { runRouteRef } from '../../routes';
import { StatusMark } from '../shared/StatusMark';
import { TextLink } from '../shared/TextLink';
import { Ago } from '../shared/Time';

const intervalMs = 5_000;

/** The Recovery tile of the home page; the page draws frame and heading. */
export const RecoveryTile = () => {
  const api = useApi(recoveryApiRef);
  const { data: systems, error, retry } = usePolled('systems of the tile', signal => api.systems(signal), intervalMs);
  if (!systems && error) {
    return (
      <Box>
        <StatusMark status="unknown">Could not be read</StatusMark>
        <Typography variant="body2" color="text.secondary">
          {error.message}
        </Typography>
        <Button size="small" onClick={retry}>
          Try again
        </Button>
      </Box>
    );
  }
  if (!systems) return <Skeleton variant="rounded" height={84} aria-label="Loading recovery" />;
  return (
    <Box>
      {systems.map(system => (
        <SystemLines key={system.name} system={system} stale={Boolean(error)} />
      ))}
      {systems.length === 0 && <Typography variant="body2">No system has a recovery plan yet.</Typography>}
    </Box>
  );
};

const SystemLines = ({ system, stale }: { system: RecoverySystem; stale: boolean }) => {
  const runLink = useRouteRef(runRouteRef);
  return (
    <Box sx={{ mb: 1 }}>
      <StatusMark status={stale ? 'unknown' : readinessStatus[system.readiness]}>
        {`${system.title} ${stale ? 'last seen ' : ''}${readinessWord[system.readiness]}`}
      </StatusMark>
      <Typography variant="body2" component="div">
        {system.regions.map(region => `${region.title} ${regionRoleWord[region.role]}${region.traffic ? ', traffic' : ''}`).join(' · ')}
      </Typography>
      <Typography variant="body2" component="div" color="text.secondary">
        {linkText(system.link)}
      </Typography>
      <Typography variant="body2" component="div" color="text.secondary">
        {system.lastSwitch ? (
          <>
            {'Last switch '}
            <Ago at={system.lastSwitch.endedAt} />
          </>
        ) : (
          'Never switched yet'
        )}
      </Typography>
      {system.openRunId && runLink && (
        <TextLink to={runLink({ id: system.openRunId })} variant="body2">
          A switch is under way
        </TextLink>
      )}
    </Box>
  );
};
