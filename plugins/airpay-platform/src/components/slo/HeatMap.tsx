import type { SloSummary } from '@airpay/plugin-airpay-platform-common';
import Box from '@mui/material/Box';
import ButtonBase from '@mui/material/ButtonBase';
import { alpha } from '@mui/material/styles';
import { budgetText, refName } from '../../domain/format';
import { heatMap, type HeatCell } from '../../domain/listView';
import { sloSentence } from '../../domain/words';
import { tabular } from '../shared/Figure';
import { Panel } from '../shared/Layout';
import { StatusIcon, statusColor } from '../shared/StatusMark';

function Cell(props: { cell: HeatCell; onPick: () => void }) {
  const { worst } = props.cell;
  return (
    <ButtonBase
      onClick={props.onPick}
      aria-label={`Show ${props.cell.slos.length} SLOs, worst: ${sloSentence(worst)}`}
      sx={theme => ({
        width: '100%',
        minWidth: 84,
        gap: 0.75,
        py: 0.75,
        borderRadius: 1,
        fontSize: 13,
        ...tabular,
        bgcolor: alpha(statusColor(theme, worst.status), theme.palette.mode === 'dark' ? 0.22 : 0.14),
        '&:focus-visible': { outline: `2px solid ${theme.palette.primary.main}` },
      })}
    >
      <StatusIcon status={worst.status} size={15} />
      {budgetText(worst.budgetLeft.value)}
    </ButtonBase>
  );
}

/** Worst budget by team and service; only with more than one service, where a list alone hides the pattern. */
export function HeatMap(props: {
  slos: readonly SloSummary[];
  onPick: (owner: string | null, service: string) => void;
}) {
  const { owners, services, cells } = heatMap(props.slos);
  if (services.length < 2) return null;
  const small = { fontSize: 13, fontWeight: 400, color: 'text.secondary', whiteSpace: 'nowrap' } as const;
  return (
    <Panel title="Worst budget by team and service">
      <Box sx={{ overflowX: 'auto' }}>
        <Box component="table" sx={{ borderCollapse: 'separate', borderSpacing: 4, ml: -0.5 }}>
          <thead>
            <tr>
              <Box component="td" />
              {services.map(service => (
                <Box component="th" scope="col" key={service} sx={{ ...small, px: 1 }}>
                  {service}
                </Box>
              ))}
            </tr>
          </thead>
          <tbody>
            {owners.map(owner => (
              <tr key={owner}>
                <Box component="th" scope="row" sx={{ ...small, textAlign: 'left', pr: 2 }}>
                  {refName(owner)}
                </Box>
                {services.map(service => {
                  const cell = cells.get(`${owner} ${service}`);
                  return (
                    <Box component="td" key={service} sx={{ p: 0 }}>
                      {cell && <Cell cell={cell} onPick={() => props.onPick(cell.worst.owner, service)} />}
                    </Box>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </Box>
      </Box>
    </Panel>
  );
}
