import type { RecoverySystem, Run } from '@airpay/plugin-airpay-dr-common';
import Box from '@mui/material/Box';
import Paper from '@mui/material/Paper';
import Typography from '@mui/material/Typography';
import { absoluteText, clockText, durationText, refName } from '../../domain/format';
import { elapsedMs, isOpen, runSentence } from '../../domain/runWords';
import { amountsText, atRiskText, regionTitle } from '../../domain/systemWords';
import { useNow } from '../../hooks/useNow';
import { Figure } from '../shared/Frame';
import { RunState } from '../shared/RunState';
import { StatusMark } from '../shared/StatusMark';
import { LiveMark } from '../shared/Time';

interface Props {
  run: Run;
  /** For titles and goals; undefined while it is not known. */
  system: RecoverySystem | undefined;
  loadedAtMs: number;
  intervalMs: number;
}

/** From where to where, how it stands, since when, by whom. */
export const RunHeader = ({ run, system, loadedAtMs, intervalMs }: Props) => {
  const from = system ? regionTitle(system, run.from) : run.from;
  const to = system ? regionTitle(system, run.to) : run.to;
  return (
    <Paper variant="outlined" sx={{ p: 2, borderRadius: 2 }}>
      <Box sx={{ display: 'flex', flexWrap: 'wrap', justifyContent: 'space-between', gap: 1, alignItems: 'baseline' }}>
        <Typography variant="h1" component="h2">
          {`${system?.title ?? run.system}: ${from} → ${to}`}
        </Typography>
        <LiveMark loadedAtMs={loadedAtMs} intervalMs={intervalMs} ended={!isOpen(run)} />
      </Box>
      <Typography component="div" sx={{ mt: 0.5, display: 'flex', flexWrap: 'wrap', columnGap: 1.5, fontSize: 16 }}>
        <RunState state={run.state} />
        <span role="status">{runSentence(run)}</span>
      </Typography>
      <Box sx={{ mt: 2, display: 'grid', gap: 2, gridTemplateColumns: 'repeat(auto-fit, minmax(140px, 1fr))' }}>
        <Elapsed run={run} system={system} loadedAtMs={loadedAtMs} />
        <Figure
          name="At risk at the start"
          value={run.atRisk ? amountsText(run.atRisk.amounts) : 'unknown'}
          note={run.atRisk ? atRiskText({ ...run.atRisk, amounts: [] }) : undefined}
        />
        <Figure name="Started by" value={refName(run.startedBy)} note={absoluteText(run.startedAt).split(' · ')[0]} />
        <Figure name="Reason" value={<Box sx={{ fontSize: 14, fontWeight: 400, overflowWrap: 'anywhere' }}>{run.reason}</Box>} />
      </Box>
    </Paper>
  );
};

const Elapsed = ({ run, system, loadedAtMs }: Pick<Props, 'run' | 'system' | 'loadedAtMs'>) => {
  const now = useNow();
  const ms = elapsedMs(run, now - loadedAtMs);
  const late = system !== undefined && ms > system.rtoSeconds * 1000;
  return (
    <Figure
      name={isOpen(run) ? 'Elapsed' : 'Took'}
      value={<Box component="span" role="timer" sx={{ fontSize: 24 }}>{clockText(ms)}</Box>}
      note={
        system &&
        (late ? (
          <StatusMark status="act">{`Over the RTO goal of ${durationText(system.rtoSeconds)}`}</StatusMark>
        ) : (
          `RTO goal ${durationText(system.rtoSeconds)}`
        ))
      }
    />
  );
};
