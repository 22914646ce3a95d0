export interface Config {
  auth?: {
    providers?: {
      /**
       * Sign in as one of the catalog's people without a password. Loaded on the local platform only
       * (auth.environment is "local"); a production process refuses to start with it.
       * @deepVisibility frontend
       */
      localPeople?: {
        /** Who can be chosen on the sign-in page, in the order shown; 1 to 50 people. */
        people: Array<{
          /** Entity reference of a catalog user, such as user:default/lea. */
          ref: string;
          /** The name shown. */
          title: string;
          /** What they do, in a few words. */
          role: string;
        }>;
      };
    };
  };
}
