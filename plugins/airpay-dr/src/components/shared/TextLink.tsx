import MuiLink, { type LinkProps } from '@mui/material/Link';
import { Link as RouterLink } from 'react-router-dom';

/** A link inside the portal, in the theme's colour. */
export const TextLink = ({ to, ...props }: Omit<LinkProps, 'href'> & { to: string }) => (
  <MuiLink component={RouterLink} to={to} {...props} />
);
