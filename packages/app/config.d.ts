export interface Config {
  auth?: {
    providers?: {
      /**
       * The people of the local platform's sign-in page. Declared here as well as in the auth module, since the
       * browser only sees what the app's own packages declare visible.
       * @deepVisibility frontend
       */
      localPeople?: {
        people: Array<{ ref: string; title: string; role: string }>;
      };
    };
  };
}
