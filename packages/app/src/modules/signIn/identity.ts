import type { IdentityApi } from '@backstage/frontend-plugin-api';

/** The same identity, with something to do before signing out: what is remembered must be forgotten first. */
export function withSignOut(identity: IdentityApi, beforeSignOut: () => void): IdentityApi {
  return {
    getProfileInfo: () => identity.getProfileInfo(),
    getBackstageIdentity: () => identity.getBackstageIdentity(),
    getCredentials: () => identity.getCredentials(),
    async signOut() {
      beforeSignOut();
      await identity.signOut();
    },
  };
}
