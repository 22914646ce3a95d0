export interface Config {
  airpay?: {
    /** What templates need to know about the platform that services are made for. */
    templates?: {
      /** Host of one of integrations.gitea or integrations.github; needed only when there are several. */
      gitHost?: string;
      /** Organization on that host that owns the repositories. */
      organization: string;
      /** System of the catalog that new services belong to. */
      system: string;
      /** Services answer at <name>.<hostSuffix>. */
      hostSuffix: string;
      /** ISO 4217 codes that can be chosen. */
      currencies: string[];
      production: {
        /** Google Cloud project of production. */
        project: string;
      };
      development: {
        project: string;
        cluster: string;
      };
      regions: Array<{
        /** Such as region-a. */
        id: string;
        title: string;
        /** Google Cloud location, such as europe-west1. */
        location: string;
        /** Cluster of production in this region; a Resource of the catalog has the same name. */
        cluster: string;
      }>;
      regionSets: Array<{
        /** The value of the form. */
        id: string;
        regions: string[];
      }>;
    };
  };
}
