import type { SloSummary } from '@airpay/plugin-airpay-platform-common';
import Box from '@mui/material/Box';
import { budgetLeftText, burnText, objectiveText, percentText, refName } from '../../domain/format';
import { exhaustionText } from '../../domain/words';
import { BudgetBar } from '../shared/BudgetBar';
import { tabular } from '../shared/Figure';
import { StatusMark } from '../shared/StatusMark';
import { SloName } from './SloRow';

/** A row of the SLO list on a narrow screen: the same figures, one below the other. */
export function SloCard({ slo }: { slo: SloSummary }) {
  const facts = [
    ['Availability', `${percentText(slo.availability.value)} of ${objectiveText(slo.objectivePercent)}`],
    ['Burn now', burnText(slo.burnNow.value)],
    ['Gone in', exhaustionText(slo)],
    ['Owner', refName(slo.owner)],
  ];
  return (
    <Box component="li" sx={{ position: 'relative', px: 2, py: 1.5, borderTop: 1, borderColor: 'divider' }}>
      <Box sx={{ display: 'flex', gap: 1, justifyContent: 'space-between', alignItems: 'flex-start' }}>
        <Box sx={{ minWidth: 0 }}>
          <SloName slo={slo} />
        </Box>
        <StatusMark status={slo.status} />
      </Box>
      <Box sx={{ display: 'flex', alignItems: 'center', gap: 1, my: 1 }}>
        <BudgetBar left={slo.budgetLeft.value} status={slo.status} label={`Budget left of ${slo.service} ${slo.slo}`} />
        <Box sx={{ ...tabular, fontWeight: 600 }}>{budgetLeftText(slo.budgetLeft.value)}</Box>
      </Box>
      <Box component="dl" sx={{ m: 0, display: 'grid', gridTemplateColumns: 'auto minmax(0,1fr)', columnGap: 2, fontSize: 13 }}>
        {facts.map(([label, value]) => (
          <Box key={label} sx={{ display: 'contents' }}>
            <Box component="dt" sx={{ color: 'text.secondary' }}>
              {label}
            </Box>
            <Box component="dd" sx={{ ...tabular, m: 0, textAlign: 'right' }}>
              {value}
            </Box>
          </Box>
        ))}
      </Box>
    </Box>
  );
}
