import type { RunStep } from '@airpay/plugin-airpay-dr-common';
import Alert from '@mui/material/Alert';
import Box from '@mui/material/Box';
import Typography from '@mui/material/Typography';
import { absoluteText, countOf, utcTimeText } from '../../domain/format';
import { ByHand } from '../shared/ByHand';

const Row = ({ name, children }: { name: string; children: React.ReactNode }) => (
  <>
    <Typography component="dt" variant="body2" color="text.secondary">
      {name}
    </Typography>
    <Typography component="dd" variant="body2" sx={{ m: 0, overflowWrap: 'anywhere' }}>
      {children}
    </Typography>
  </>
);

/** Everything known of a step: why, effect, what was seen and when, what failed, and the text to do it by hand. */
export const StepDetail = ({ step }: { step: RunStep }) => (
  <Box sx={{ display: 'grid', gap: 1.5, px: { xs: 1, sm: 2 }, pb: 2, pt: 1, gridTemplateColumns: 'minmax(0,1fr)' }}>
    {step.error && (
      <Alert role="note" severity={step.state === 'failed' ? 'error' : 'warning'} variant="outlined">
        {step.error}
      </Alert>
    )}
    <Box component="dl" sx={{ m: 0, display: 'grid', columnGap: 2, rowGap: 0.5, gridTemplateColumns: { xs: 'minmax(0,1fr)', sm: '96px minmax(0,1fr)' } }}>
      <Row name="Effect">{step.effect}</Row>
      <Row name="Why">{step.why}</Row>
      <Row name="Undo">{step.reversible ? 'Can be undone by the run.' : 'Cannot be undone by the run; the way back is a switch of its own.'}</Row>
      {step.startedAt && <Row name="Started">{absoluteText(step.startedAt)}</Row>}
      {step.endedAt && <Row name="Ended">{absoluteText(step.endedAt)}</Row>}
      {step.attempts > 1 && <Row name="Attempts">{countOf(step.attempts, 'attempt', 'attempts')}</Row>}
    </Box>
    <Observations step={step} />
    <ByHand text={step.byHand} title={step.title} />
  </Box>
);

const Observations = ({ step }: { step: RunStep }) => {
  if (step.observations.length === 0) {
    return (
      <Typography variant="body2" color="text.secondary">
        {step.state === 'pending' ? 'Nothing seen yet: the step has not started.' : 'Nothing seen yet.'}
      </Typography>
    );
  }
  return (
    <Box>
      <Typography variant="body2" fontWeight={600}>
        Seen (times in UTC)
      </Typography>
      <Box component="ol" sx={{ m: 0, p: 0, listStyle: 'none', maxHeight: 320, overflowY: 'auto' }} tabIndex={0} aria-label={`Seen in ${step.title}`}>
        {step.observations.map((seen, index) => (
          <Box component="li" key={`${seen.at}${index}`} sx={{ display: 'flex', gap: 1.5, fontSize: 13, py: 0.25 }}>
            <Box component="time" dateTime={seen.at} sx={{ color: 'text.secondary', whiteSpace: 'nowrap', fontFamily: 'monospace' }}>
              {utcTimeText(seen.at)}
            </Box>
            <Box component="span" sx={{ overflowWrap: 'anywhere', minWidth: 0 }}>
              {seen.text}
            </Box>
          </Box>
        ))}
      </Box>
    </Box>
  );
};
