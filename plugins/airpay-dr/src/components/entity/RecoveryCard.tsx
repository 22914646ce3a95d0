import { useApi, useRouteRef } from '@backstage/frontend-plugin-api';
import { useEntity } from '@backstage/plugin-catalog-react';
import Box from '@mui/material/Box';
import Typography from '@mui/material/Typography';
import { recoveryApiRef } from '../../adapters/api';
import { systemOfEntity } from '../../domain/entity';
import { durationText } from '../../domain/format';
import { atRiskText, linkText, readinessSentence, readinessStatus } from '../../domain/systemWords';
import { usePolled } from '../../hooks/usePolled';
import { recoveryRouteRef } from '../../routes';
import { Section } from '../shared/Frame';
import { Loading, LoadError } from '../shared/States';
import { StatusMark } from '../shared/StatusMark';
import { TextLink } from '../shared/TextLink';

const intervalMs = 10_000;

/** Recovery in brief on the overview of an entity. */
export const RecoveryCard = () => {
  const { entity } = useEntity();
  const api = useApi(recoveryApiRef);
  const polled = usePolled('systems of the card', signal => api.systems(signal), intervalMs);
  const home = useRouteRef(recoveryRouteRef)?.() ?? '/recovery';
  const system = polled.data && systemOfEntity(entity, polled.data);
  return (
    <Section title="Recovery" aside={<TextLink to={home}>Open</TextLink>}>
      {!polled.data && polled.error && <LoadError what="Recovery" error={polled.error} onRetry={polled.retry} />}
      {!polled.data && !polled.error && <Loading what="recovery" heights={[72]} />}
      {polled.data && !system && <Typography variant="body2">No configured recovery plan covers this entity.</Typography>}
      {system && (
        <Box sx={{ display: 'grid', gap: 0.5 }}>
          <StatusMark status={readinessStatus[system.readiness]}>{readinessSentence(system)}</StatusMark>
          <Typography variant="body2">{`Now: ${atRiskText(system.atRisk)}; ${linkText(system.link)}.`}</Typography>
          <Typography variant="body2" color="text.secondary">
            {`Goals: back within ${durationText(system.rtoSeconds)} (RTO), at most ${durationText(system.rpoSeconds)} of payments lost (RPO).`}
          </Typography>
        </Box>
      )}
    </Section>
  );
};
