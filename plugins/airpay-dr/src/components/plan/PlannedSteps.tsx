import type { PlannedStep } from '@airpay/plugin-airpay-dr-common';
import ExpandIcon from '@mui/icons-material/ExpandMore';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Collapse from '@mui/material/Collapse';
import Typography from '@mui/material/Typography';
import { useId, useState } from 'react';
import { ByHand } from '../shared/ByHand';
import { Section } from '../shared/Frame';

/** What will happen, in order: effect first, then why, and how to do it without the portal. */
export const PlannedSteps = ({ steps }: { steps: PlannedStep[] }) => {
  const noReturn = steps.findIndex(step => !step.reversible);
  return (
    <Section title={`${steps.length} steps`}>
      <Box component="ol" sx={{ listStyle: 'none', m: 0, p: 0 }}>
        {steps.map((step, index) => (
          <Step key={step.id} step={step} number={index + 1} pointOfNoReturn={index === noReturn} />
        ))}
      </Box>
    </Section>
  );
};

const Step = ({ step, number, pointOfNoReturn }: { step: PlannedStep; number: number; pointOfNoReturn: boolean }) => {
  const [open, setOpen] = useState(false);
  const id = useId();
  return (
    <Box component="li" sx={{ py: 1.25, borderTop: 1, borderColor: 'divider', '&:first-of-type': { borderTop: 0, pt: 0 } }}>
      {pointOfNoReturn && (
        <Typography variant="body2" sx={{ color: 'warning.main', fontWeight: 600, mb: 0.5 }}>
          From here on the run can only go forward; until here it can be aborted and undone.
        </Typography>
      )}
      <Typography sx={{ fontWeight: 600 }}>{`${number}. ${step.title}`}</Typography>
      <Typography sx={{ overflowWrap: 'anywhere' }}>{step.effect}</Typography>
      <Typography variant="body2" color="text.secondary">
        {step.why}
      </Typography>
      <Button
        size="small"
        onClick={() => setOpen(!open)}
        aria-expanded={open}
        aria-controls={id}
        aria-label={`By hand: ${step.title}`}
        endIcon={<ExpandIcon sx={{ transform: open ? 'rotate(180deg)' : 'none' }} />}
      >
        By hand
      </Button>
      <Collapse in={open} unmountOnExit id={id}>
        <ByHand text={step.byHand} title={step.title} />
      </Collapse>
    </Box>
  );
};
