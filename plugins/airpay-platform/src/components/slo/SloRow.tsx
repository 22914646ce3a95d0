import type { SloSummary } from '@airpay/plugin-airpay-platform-common';
import Box from '@mui/material/Box';
import MuiLink from '@mui/material/Link';
import TableCell from '@mui/material/TableCell';
import TableRow from '@mui/material/TableRow';
import { Link as RouterLink } from 'react-router-dom';
import { budgetText, burnText, objectiveText, percentText } from '../../domain/format';
import { exhaustionText, sloSentence } from '../../domain/words';
import { BudgetBar } from '../shared/BudgetBar';
import { Figure, tabular } from '../shared/Figure';
import { Spark } from '../shared/Spark';
import { StatusMark } from '../shared/StatusMark';
import { EntityLink } from '../shared/TextLink';

export const sloPath = (id: string) => `/platform/slos/${encodeURIComponent(id)}`;

/** The link lies over the whole row; what has its own hover or link is lifted above it. */
const lifted = { position: 'relative', zIndex: 1 } as const;

export function SloName({ slo }: { slo: SloSummary }) {
  return (
    <>
      <MuiLink
        component={RouterLink}
        to={sloPath(slo.id)}
        underline="none"
        color="text.primary"
        aria-label={sloSentence(slo)}
        sx={{
          fontWeight: 600,
          '&::after': { content: '""', position: 'absolute', inset: 0 },
          '&:focus-visible': { outline: 'none' },
          '&:focus-visible::after': { outline: '2px solid', outlineColor: 'primary.main', outlineOffset: -2 },
        }}
      >
        {slo.service} <Box component="span" sx={{ fontWeight: 400 }}>/ {slo.slo}</Box>
      </MuiLink>
      <Box sx={{ fontSize: 13, color: 'text.secondary' }}>
        {[slo.title === `${slo.service} / ${slo.slo}` ? null : slo.title, slo.tier === null ? null : `tier ${slo.tier}`].filter(Boolean).join(' · ')}
      </Box>
    </>
  );
}

export function SloRow({ slo }: { slo: SloSummary }) {
  const number = { ...tabular, whiteSpace: 'nowrap' } as const;
  return (
    <TableRow hover sx={{ position: 'relative' }}>
      <TableCell>
        <StatusMark status={slo.status} />
      </TableCell>
      <TableCell>
        <SloName slo={slo} />
      </TableCell>
      <TableCell align="right" sx={number}>
        {objectiveText(slo.objectivePercent)}
      </TableCell>
      <TableCell align="right">
        <Box component="span" sx={lifted}>
          <Figure figure={slo.availability}>{percentText(slo.availability.value)}</Figure>
        </Box>
      </TableCell>
      <TableCell>
        <Box sx={{ display: 'flex', alignItems: 'center', gap: 1 }}>
          <BudgetBar left={slo.budgetLeft.value} status={slo.status} label={`Budget left of ${slo.service} ${slo.slo}`} />
          <Box sx={{ ...lifted, minWidth: 54, textAlign: 'right' }}>
            <Figure figure={slo.budgetLeft}>{budgetText(slo.budgetLeft.value)}</Figure>
          </Box>
        </Box>
      </TableCell>
      <TableCell align="right">
        <Box component="span" sx={lifted}>
          <Figure figure={slo.burnNow}>{burnText(slo.burnNow.value)}</Figure>
        </Box>
      </TableCell>
      <TableCell align="right" sx={number}>
        {exhaustionText(slo)}
      </TableCell>
      <TableCell>
        <Spark values={slo.trend} status={slo.status} label={`Budget left of ${slo.service} ${slo.slo} over ${slo.windowDays} days`} />
      </TableCell>
      <TableCell>
        <Box component="span" sx={lifted}>
          <EntityLink entityRef={slo.owner} />
        </Box>
      </TableCell>
    </TableRow>
  );
}
