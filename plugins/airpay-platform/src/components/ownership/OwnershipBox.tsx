import SearchIcon from '@mui/icons-material/Search';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import InputAdornment from '@mui/material/InputAdornment';
import OutlinedInput from '@mui/material/OutlinedInput';
import { useEffect, useState, type FormEvent } from 'react';
import { useNavigate } from 'react-router-dom';

export const ownershipPrompt = 'Component, API, namespace, pod, alert, host name or label';
/** The backend refuses longer queries. */
export const queryLimit = 200;

const shortcutSx = {
  display: { xs: 'none', sm: 'block' },
  px: 0.75,
  border: 1,
  borderColor: 'divider',
  borderRadius: 1,
  fontFamily: 'inherit',
  fontSize: 12,
  color: 'text.secondary',
  whiteSpace: 'nowrap',
} as const;

/** The keys that open the same box anywhere, as this keyboard calls them. */
function shortcutText(): string {
  return /mac|iphone|ipad/i.test(navigator.platform) ? '⌘ K' : 'Ctrl K';
}

/** One box: type what you see, learn who owns it. Goes to the ownership page, the query in its URL. */
export function OwnershipBox(props: { query?: string; autoFocus?: boolean; onSubmit?: (query: string) => void }) {
  const navigate = useNavigate();
  const [text, setText] = useState(props.query ?? '');
  // Back and forward change the query from outside.
  useEffect(() => setText(props.query ?? ''), [props.query]);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const query = text.trim();
    if (!query) return;
    if (props.onSubmit) props.onSubmit(query);
    else navigate(`/ownership?${new URLSearchParams({ q: query })}`);
  };
  return (
    <Box component="form" role="search" aria-label="Find an owner" onSubmit={submit} sx={{ display: 'flex', gap: 1 }}>
      <OutlinedInput
        fullWidth
        size="small"
        autoFocus={props.autoFocus}
        value={text}
        onChange={event => setText(event.target.value)}
        placeholder={`Who owns … ? ${ownershipPrompt}`}
        inputProps={{ 'aria-label': `Who owns it: ${ownershipPrompt}`, maxLength: queryLimit, spellCheck: false }}
        startAdornment={
          <InputAdornment position="start">
            <SearchIcon fontSize="small" />
          </InputAdornment>
        }
        endAdornment={
          <Box component="kbd" aria-hidden sx={shortcutSx}>
            {shortcutText()}
          </Box>
        }
        sx={{ bgcolor: 'background.paper', borderRadius: 2, fontSize: 15 }}
      />
      <Button type="submit" variant="outlined" disabled={!text.trim()} sx={{ textTransform: 'none', whiteSpace: 'nowrap' }}>
        Find owner
      </Button>
    </Box>
  );
}
