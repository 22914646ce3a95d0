import type { SloSummary, Status } from '@airpay/plugin-airpay-platform-common';
import Box from '@mui/material/Box';
import MenuItem from '@mui/material/MenuItem';
import TextField from '@mui/material/TextField';
import ToggleButton from '@mui/material/ToggleButton';
import ToggleButtonGroup from '@mui/material/ToggleButtonGroup';
import { refName } from '../../domain/format';
import { countByStatus, type ListView } from '../../domain/listView';
import { statusWord } from '../../domain/words';
import { StatusIcon } from '../shared/StatusMark';

const order: Status[] = ['act', 'watch', 'ok', 'unknown'];
const every = 'all';

/** Text, state and owner; each kept in the URL by `onChange`. */
export function SloFilters(props: {
  slos: readonly SloSummary[];
  view: ListView;
  onChange: (view: ListView) => void;
}) {
  const { slos, view, onChange } = props;
  const counts = countByStatus(slos);
  const owners = [...new Set(slos.map(slo => slo.owner).filter((owner): owner is string => owner !== null))].sort();
  // An owner that only the URL knows is still shown, or the list would be empty without a visible reason.
  if (view.owner !== null && !owners.includes(view.owner)) owners.push(view.owner);
  return (
    <Box sx={{ display: 'flex', flexWrap: 'wrap', gap: 1.5, p: 2, pb: 1.5 }}>
      <TextField
        size="small"
        label="Filter"
        placeholder="Service, SLO or owner"
        value={view.text}
        onChange={event => onChange({ ...view, text: event.target.value })}
        sx={{ width: { xs: '100%', sm: 240 } }}
      />
      {owners.length > 0 && (
        <TextField
          select
          size="small"
          label="Owner"
          value={view.owner ?? every}
          onChange={event => onChange({ ...view, owner: event.target.value === every ? null : event.target.value })}
          sx={{ minWidth: 150 }}
        >
          <MenuItem value={every}>Everyone</MenuItem>
          {owners.map(owner => (
            <MenuItem key={owner} value={owner}>
              {refName(owner)}
            </MenuItem>
          ))}
        </TextField>
      )}
      <ToggleButtonGroup
        exclusive
        size="small"
        value={view.status}
        aria-label="State"
        onChange={(_, status: Status | null) => onChange({ ...view, status })}
        sx={{ flexWrap: 'wrap' }}
      >
        {order.map(status => (
          <ToggleButton key={status} value={status} sx={{ textTransform: 'none', gap: 0.75, px: 1.25, color: 'text.primary' }}>
            <StatusIcon status={status} size={16} />
            {statusWord[status]} {counts[status]}
          </ToggleButton>
        ))}
      </ToggleButtonGroup>
    </Box>
  );
}
