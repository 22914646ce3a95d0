import MuiLink from '@mui/material/Link';
import type { SxProps, Theme } from '@mui/material/styles';
import type { ReactNode } from 'react';
import { Link as RouterLink } from 'react-router-dom';
import { entityPath, refName, safeHref } from '../../domain/format';

/** A link inside the portal or out of it; underlined when it stands in running text. An address that is neither http(s) nor a path is shown as text. */
export function TextLink(props: { to: string; children: ReactNode; sx?: SxProps<Theme>; label?: string; inText?: boolean }) {
  const href = safeHref(props.to);
  if (href === null) return <span>{props.children}</span>;
  const common = { sx: props.sx, 'aria-label': props.label, underline: props.inText ? ('always' as const) : ('hover' as const) };
  if (/^https?:/i.test(href)) {
    return (
      <MuiLink {...common} href={href} target="_blank" rel="noopener noreferrer">
        {props.children}
      </MuiLink>
    );
  }
  return (
    <MuiLink {...common} component={RouterLink} to={href}>
      {props.children}
    </MuiLink>
  );
}

/** The name of a catalog entity, leading to its page. */
export function EntityLink(props: { entityRef: string | null; title?: string; inText?: boolean }) {
  const text = props.title ?? refName(props.entityRef);
  const path = entityPath(props.entityRef);
  return path === null ? <span>{text}</span> : <TextLink to={path} inText={props.inText}>
      {text}
    </TextLink>
  ;
}
