import ChevronRightIcon from '@mui/icons-material/ChevronRight';
import Avatar from '@mui/material/Avatar';
import List from '@mui/material/List';
import ListItem from '@mui/material/ListItem';
import ListItemAvatar from '@mui/material/ListItemAvatar';
import ListItemButton from '@mui/material/ListItemButton';
import ListItemText from '@mui/material/ListItemText';
import Typography from '@mui/material/Typography';
import type { Person } from './people';
import { SignInFrame } from './SignInFrame';

const initials = (title: string) =>
  title
    .split(/\s+/)
    .slice(0, 2)
    .map(word => word[0])
    .join('');

/** One button per person: name, role. */
export const PeopleList = ({
  people,
  onChoose,
}: {
  people: Person[];
  onChoose: (person: Person) => void;
}) => (
  <SignInFrame title="Who are you today?">
    <Typography variant="body2" color="text.secondary">
      This portal runs on one machine. Each person sees and may do what their role allows.
    </Typography>
    <List sx={{ mt: 1, mx: -1 }} disablePadding>
      {people.map(person => (
        <ListItem key={person.ref} disablePadding>
          <ListItemButton
            onClick={() => onChoose(person)}
            aria-label={`${person.title} — ${person.role}`}
            sx={{ borderRadius: 1.5, px: 1, py: 0.25 }}
          >
            <ListItemAvatar sx={{ minWidth: 48 }}>
              <Avatar
                aria-hidden
                sx={{ width: 34, height: 34, fontSize: 13, fontWeight: 600, bgcolor: 'action.selected', color: 'text.primary' }}
              >
                {initials(person.title)}
              </Avatar>
            </ListItemAvatar>
            <ListItemText
              primary={person.title}
              secondary={person.role}
              primaryTypographyProps={{ fontWeight: 600, variant: 'body1' }}
              secondaryTypographyProps={{ variant: 'body2' }}
            />
            <ChevronRightIcon fontSize="small" color="action" />
          </ListItemButton>
        </ListItem>
      ))}
    </List>
  </SignInFrame>
);
