import type { Plan } from '@airpay/plugin-airpay-dr-common';
import Box from '@mui/material/Box';
import Typography from '@mui/material/Typography';
import { Section } from '../shared/Frame';
import { StatusMark } from '../shared/StatusMark';
import { Ago } from '../shared/Time';

/** What must hold before the run may start, the failing ones first. */
export const Preconditions = ({ plan }: { plan: Plan }) => {
  const failed = plan.preconditions.filter(one => !one.ok);
  const sorted = [...failed, ...plan.preconditions.filter(one => one.ok)];
  return (
    <Section
      title={failed.length === 0 ? `All ${sorted.length} preconditions hold` : `${failed.length} of ${sorted.length} preconditions do not hold`}
      aside={
        <>
          {'observed '}
          <Ago at={plan.observedAt} />
        </>
      }
    >
      <Box component="ul" sx={{ listStyle: 'none', m: 0, p: 0 }}>
        {sorted.map(one => (
          <Box
            component="li"
            key={one.id}
            sx={{ display: 'grid', columnGap: 1.5, py: 0.5, gridTemplateColumns: { xs: 'minmax(0,1fr)', sm: '124px minmax(0,1fr)' } }}
          >
            <Typography component="span" variant="body2">
              <StatusMark status={one.ok ? 'ok' : 'act'}>{one.ok ? 'Holds' : 'Does not hold'}</StatusMark>
            </Typography>
            <Typography component="span" variant="body2" sx={{ overflowWrap: 'anywhere' }}>
              <strong>{one.title}.</strong> {one.detail}
            </Typography>
          </Box>
        ))}
      </Box>
    </Section>
  );
};
