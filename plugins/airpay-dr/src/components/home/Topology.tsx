import type { RecoverySystem, RegionState } from '@airpay/plugin-airpay-dr-common';
import ArrowIcon from '@mui/icons-material/ArrowForward';
import TrafficIcon from '@mui/icons-material/SyncAlt';
import Box from '@mui/material/Box';
import Typography from '@mui/material/Typography';
import {
  linkStatus,
  linkText,
  memberStatus,
  memberText,
  nodePoolText,
  regionRoleWord,
  workloadStatus,
  workloadText,
} from '../../domain/systemWords';
import { PartialErrors } from '../shared/States';
import { StatusIcon, StatusMark } from '../shared/StatusMark';

/** The regions side by side and the replication between them; one above the other on a phone. */
export const Topology = ({ system }: { system: RecoverySystem }) => {
  const [first, ...others] = system.regions;
  if (!first) return <Typography color="text.secondary">No region is configured.</Typography>;
  return (
    <Box
      sx={{
        display: 'grid',
        gap: 1,
        alignItems: 'stretch',
        gridTemplateColumns: { xs: 'minmax(0,1fr)', md: `minmax(0,1fr)${' auto minmax(0,1fr)'.repeat(others.length)}` },
      }}
    >
      <Region region={first} />
      {others.map(region => (
        <Box key={region.id} sx={{ display: 'contents' }}>
          <Replication system={system} backwards={system.link?.from === region.id} />
          <Region region={region} />
        </Box>
      ))}
    </Box>
  );
};

const Line = ({ children }: { children: React.ReactNode }) => (
  <Typography component="li" variant="body2" sx={{ display: 'flex', gap: 0.75, alignItems: 'flex-start', overflowWrap: 'anywhere' }}>
    {children}
  </Typography>
);

const Region = ({ region }: { region: RegionState }) => (
  <Box
    component="section"
    aria-label={region.title}
    sx={{ border: 1, borderColor: region.traffic ? 'primary.main' : 'divider', borderRadius: 1.5, p: 1.5, minWidth: 0 }}
  >
    <Box sx={{ display: 'flex', flexWrap: 'wrap', columnGap: 1, alignItems: 'baseline' }}>
      <Typography component="h3" sx={{ fontWeight: 600 }}>
        {region.title}
      </Typography>
      <Typography variant="body2" color="text.secondary">
        {regionRoleWord[region.role]}
        {region.paused ? ', automatic failover paused' : ''}
      </Typography>
      {region.traffic && (
        <Typography variant="body2" sx={{ ml: 'auto', display: 'inline-flex', gap: 0.5, alignItems: 'center', fontWeight: 600, color: 'primary.main' }}>
          <TrafficIcon aria-hidden sx={{ fontSize: 16 }} />
          takes the traffic
        </Typography>
      )}
    </Box>
    <Box component="ul" sx={{ listStyle: 'none', m: 0, mt: 0.75, p: 0, display: 'grid', gap: 0.25 }}>
      {region.members.length === 0 && (
        <Line>
          <StatusIcon status="unknown" />
          <span>no database member answers</span>
        </Line>
      )}
      {region.members.map(member => (
        <Line key={member.name}>
          <StatusIcon status={memberStatus(member)} />
          <span>
            <strong>{member.name}</strong>
            {` ${memberText(member)}`}
          </span>
        </Line>
      ))}
      <Line>
        <StatusIcon status={workloadStatus(region)} />
        <span>
          {workloadText(region)}
          {region.role === 'standby' && region.nodePool?.size === 0 ? ', as wanted in a standby' : ''}
        </span>
      </Line>
      <Line>
        <StatusIcon status={region.nodePool ? 'ok' : 'unknown'} />
        <span>{nodePoolText(region)}</span>
      </Line>
    </Box>
    <Box sx={{ mt: region.errors.length > 0 ? 1 : 0 }}>
      <PartialErrors errors={region.errors} />
    </Box>
  </Box>
);

const Replication = ({ system, backwards }: { system: RecoverySystem; backwards: boolean }) => (
  <Box
    sx={{
      display: 'flex',
      flexDirection: { xs: 'row', md: 'column' },
      alignItems: 'center',
      justifyContent: 'center',
      gap: 0.5,
      px: 1,
      py: { xs: 0.5, md: 0 },
      minWidth: { md: 150 },
    }}
  >
    <ArrowIcon
      aria-hidden
      sx={{
        color: 'text.secondary',
        transform: { xs: backwards ? 'rotate(-90deg)' : 'rotate(90deg)', md: backwards ? 'rotate(180deg)' : 'none' },
      }}
    />
    <Typography component="div" variant="body2" sx={{ textAlign: 'center' }}>
      <StatusMark status={linkStatus(system.link, system.rpoSeconds)}>{linkText(system.link)}</StatusMark>
    </Typography>
  </Box>
);
