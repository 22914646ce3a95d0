import type { SloDetail } from '@airpay/plugin-airpay-platform-common';
import Box from '@mui/material/Box';
import { budgetText, burnText, countText, objectiveText, percentText } from '../../domain/format';
import { budgetTimeText, exhaustionText } from '../../domain/words';
import { BudgetBar } from '../shared/BudgetBar';
import { Figure, tabular } from '../shared/Figure';
import { Panel, Stat } from '../shared/Layout';

function eventsText(slo: SloDetail): string {
  if (slo.goodEvents === null || slo.totalEvents === null) return 'no events counted';
  const bad = Math.max(0, Math.round(slo.totalEvents - slo.goodEvents));
  return `${countText(Math.round(slo.totalEvents))} events, ${countText(bad)} bad`;
}

/** Objective, availability, budget left and burn, each with what it means in time or events. */
export function DetailTiles({ slo }: { slo: SloDetail }) {
  const exhaustion = exhaustionText(slo);
  return (
    <Box
      sx={{
        display: 'grid',
        gap: 2,
        gridTemplateColumns: { xs: 'repeat(2, minmax(0, 1fr))', lg: '1fr 1fr 1.6fr 1fr' },
      }}
    >
      <Panel>
        <Stat label="Objective" note={`over ${slo.windowDays} days`}>
          <Box component="span" sx={tabular}>
            {objectiveText(slo.objectivePercent)}
          </Box>
        </Stat>
      </Panel>
      <Panel>
        <Stat label="Availability" note={eventsText(slo)}>
          <Figure figure={slo.availability} focusable>
            {percentText(slo.availability.value)}
          </Figure>
        </Stat>
      </Panel>
      <Panel sx={{ gridColumn: { xs: 'span 2', lg: 'auto' } }}>
        <Stat label="Budget left" note={<Box component="span" sx={tabular}>{budgetTimeText(slo)}</Box>}>
          <Box sx={{ display: 'flex', alignItems: 'center', gap: 2 }}>
            <Figure figure={slo.budgetLeft} focusable>
              {budgetText(slo.budgetLeft.value)}
            </Figure>
            <BudgetBar left={slo.budgetLeft.value} status={slo.status} label="Budget left" height={10} />
          </Box>
        </Stat>
      </Panel>
      <Panel sx={{ gridColumn: { xs: 'span 2', lg: 'auto' } }}>
        <Stat
          label="Burn now"
          note={/^(\d|>)/.test(exhaustion) ? `gone in ${exhaustion} at this burn` : `budget: ${exhaustion}`}
        >
          <Figure figure={slo.burnNow} focusable>
            {burnText(slo.burnNow.value)}
          </Figure>
        </Stat>
      </Panel>
    </Box>
  );
}
