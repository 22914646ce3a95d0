import type { ReadinessCheck } from '@airpay/plugin-airpay-dr-common';
import ExpandIcon from '@mui/icons-material/ExpandMore';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Collapse from '@mui/material/Collapse';
import Typography from '@mui/material/Typography';
import { useId, useState } from 'react';
import { worstFirst } from '../../domain/systemWords';
import { StatusMark } from '../shared/StatusMark';

const shownAtFirst = 2;

const Check = ({ check }: { check: ReadinessCheck }) => (
  <Box
    component="li"
    sx={{ display: 'grid', columnGap: 1.5, py: 0.5, gridTemplateColumns: { xs: 'minmax(0,1fr)', sm: '92px minmax(0,1fr)' } }}
  >
    <Typography component="span" variant="body2">
      <StatusMark status={check.status} />
    </Typography>
    <Typography component="span" variant="body2" sx={{ overflowWrap: 'anywhere' }}>
      <strong>{check.title}.</strong> {check.detail}
    </Typography>
  </Box>
);

const list = { listStyle: 'none', m: 0, p: 0 };

/** The two worst checks in words; all of them on request. */
export const Checks = ({ checks }: { checks: ReadinessCheck[] }) => {
  const [open, setOpen] = useState(false);
  const id = useId();
  const sorted = worstFirst(checks);
  if (sorted.length === 0) return <Typography variant="body2">No check has been made yet.</Typography>;
  const bad = sorted.filter(check => check.status !== 'ok').length;
  const rest = sorted.slice(shownAtFirst);
  return (
    <Box>
      <Typography variant="body2" color="text.secondary">
        {bad === 0 ? `All ${sorted.length} checks hold; the weightiest:` : `${bad} of ${sorted.length} checks want attention:`}
      </Typography>
      <Box component="ul" sx={list}>
        {sorted.slice(0, shownAtFirst).map(check => (
          <Check key={check.id} check={check} />
        ))}
      </Box>
      <Collapse in={open} unmountOnExit id={id}>
        <Box component="ul" sx={list}>
          {rest.map(check => (
            <Check key={check.id} check={check} />
          ))}
        </Box>
      </Collapse>
      {rest.length > 0 && (
        <Button
          size="small"
          onClick={() => setOpen(!open)}
          aria-expanded={open}
          aria-controls={id}
          endIcon={<ExpandIcon sx={{ transform: open ? 'rotate(180deg)' : 'none' }} />}
        >
          {open ? 'Show the worst only' : `Show all ${sorted.length} checks`}
        </Button>
      )}
    </Box>
  );
};
