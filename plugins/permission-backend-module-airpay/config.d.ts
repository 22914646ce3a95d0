export interface Config {
  airpay?: {
    /**
     * Which groups of the catalog hold a role. What a role may do stands in src/rules.ts.
     * Each value is a list of entity references such as group:default/sre; members of the group hold the role.
     */
    roles?: {
      /** Build and run services: templates, registering, looking after what they own. */
      engineer: string[];
      /** Move a system to the other region. */
      recovery: string[];
      /** Read who did what. */
      audit: string[];
      /** Read cost; everything else as everybody. */
      finance?: string[];
    };
  };
}
