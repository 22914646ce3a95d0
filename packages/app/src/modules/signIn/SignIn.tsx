import { ProxiedSignInPage, SignInPage } from '@backstage/core-components';
import { configApiRef, googleAuthApiRef, useApi } from '@backstage/frontend-plugin-api';
import type { SignInPageProps } from '@backstage/plugin-app-react';
import Alert from '@mui/material/Alert';
import Button from '@mui/material/Button';
import { useState } from 'react';
import { withSignOut } from './identity';
import { forgetPerson, readPeople, rememberedPerson, rememberPerson, type Person } from './people';
import { PeopleList } from './PeopleList';
import { SignInFrame } from './SignInFrame';

/** On the local platform: be one of the catalog's people. Everywhere else: Google. */
export const SignIn = (props: SignInPageProps) => {
  const people = readPeople(useApi(configApiRef));
  return people.length > 0 ? <LocalPeopleSignIn people={people} {...props} /> : <GoogleSignIn {...props} />;
};

const GoogleSignIn = (props: SignInPageProps) => (
  <SignInPage
    {...props}
    title="Airpay"
    align="center"
    provider={{
      id: 'google-auth-provider',
      title: 'Google',
      message: 'Sign in with your Airpay account',
      apiRef: googleAuthApiRef,
    }}
  />
);

const LocalPeopleSignIn = ({ people, onSignInSuccess }: SignInPageProps & { people: Person[] }) => {
  const [person, setPerson] = useState(() => rememberedPerson(people, sessionStorage));
  if (!person) {
    return (
      <PeopleList
        people={people}
        onChoose={chosen => {
          rememberPerson(chosen, sessionStorage);
          setPerson(chosen);
        }}
      />
    );
  }
  const chooseAgain = () => {
    forgetPerson(sessionStorage);
    setPerson(undefined);
  };
  return (
    <ProxiedSignInPage
      key={person.ref}
      provider="localPeople"
      headers={{ 'x-airpay-person': person.ref }}
      onSignInSuccess={identity => onSignInSuccess(withSignOut(identity, () => forgetPerson(sessionStorage)))}
      ErrorComponent={({ error }) => <SignInFailed person={person} error={error} onBack={chooseAgain} />}
    />
  );
};

const SignInFailed = ({ person, error, onBack }: { person: Person; error?: Error; onBack: () => void }) => (
  <SignInFrame title={`${person.title} could not be signed in`}>
    <Alert severity="error" sx={{ mb: 2 }}>
      {error?.message ?? 'The portal did not answer.'}
    </Alert>
    <Button variant="contained" onClick={() => window.location.reload()} sx={{ mr: 1 }}>
      Try again
    </Button>
    <Button variant="outlined" onClick={onBack}>
      Choose somebody else
    </Button>
  </SignInFrame>
);
