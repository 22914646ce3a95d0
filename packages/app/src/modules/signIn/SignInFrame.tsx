import Box from '@mui/material/Box';
import Paper from '@mui/material/Paper';
import Typography from '@mui/material/Typography';
import type { ReactNode } from 'react';
import { Logo } from '../nav/Logo';

/** A quiet page with one card in the middle. */
export const SignInFrame = ({ title, children }: { title: string; children: ReactNode }) => (
  <Box
    component="main"
    sx={{
      minHeight: '100vh',
      display: 'flex',
      flexDirection: 'column',
      alignItems: 'center',
      justifyContent: 'center',
      gap: 3,
      p: 2,
      bgcolor: 'background.default',
      color: 'text.primary',
    }}
  >
    <Logo />
    <Paper variant="outlined" sx={{ width: '100%', maxWidth: 420, p: 3, borderRadius: 2 }}>
      <Typography variant="h1" gutterBottom>
        {title}
      </Typography>
      {children}
    </Paper>
  </Box>
);
