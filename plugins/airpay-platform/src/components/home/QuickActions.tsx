import AddIcon from '@mui/icons-material/Add';
import PersonSearchIcon from '@mui/icons-material/PersonSearchOutlined';
import SwapHorizIcon from '@mui/icons-material/SwapHoriz';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import { Link as RouterLink } from 'react-router-dom';

const actions = [
  { text: 'New payment service', to: '/create/templates/default/payment-service', icon: <AddIcon /> },
  { text: 'Plan a region switch', to: '/recovery', icon: <SwapHorizIcon /> },
  { text: 'Find an owner', to: '/ownership', icon: <PersonSearchIcon /> },
];

export function QuickActions() {
  return (
    <Box component="nav" aria-label="Quick actions" sx={{ display: 'flex', flexWrap: 'wrap', gap: 1 }}>
      {actions.map(action => (
        <Button
          key={action.to}
          component={RouterLink}
          to={action.to}
          startIcon={action.icon}
          variant="outlined"
          color="inherit"
          size="small"
          sx={{ textTransform: 'none', borderColor: 'divider', bgcolor: 'background.paper', px: 1.5 }}
        >
          {action.text}
        </Button>
      ))}
    </Box>
  );
}
