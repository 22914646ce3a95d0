export interface Config {
  airpay?: {
    recovery?: {
      /** Systems that live in two regions and can be switched between them. */
      systems?: Array<{
        /** Short name, used in URLs and in the text to type. */
        name: string;
        title: string;
        /** Catalog entity, e.g. `system:default/payments`. */
        entityRef: string;
        /** Goals shown beside what was measured. */
        rtoSeconds: number;
        rpoSeconds: number;
        ledger: {
          /** The name payers use: the traffic front, never one region. */
          baseUrl: string;
          /** @visibility secret */
          apiKey: string;
        };
        payerLog: {
          /** Serves what the payer itself wrote down as acknowledged. */
          baseUrl: string;
        };
        traffic: {
          project: string;
          managedZone: string;
          /** Fully qualified, with the final dot. */
          record: string;
          /** Default: https://dns.googleapis.com */
          apiEndpoint?: string;
          /**
           * Static token; without it Google application default credentials are used.
           * @visibility secret
           */
          token?: string;
        };
        /** Exactly two. */
        regions: Array<{
          id: string;
          title: string;
          /** Value of the traffic record when this region has the traffic. */
          trafficTarget: string;
          patroni: {
            /** Base URL of each member's REST API. */
            members: string[];
            username: string;
            /** @visibility secret */
            password: string;
          };
          /** Where the other region's standby cluster reaches this region's leader. */
          replication: { host: string; port: number; slot: string };
          /**
           * One URL per member, user `airpay_recovery`.
           * @deepVisibility secret
           */
          databaseUrls: string[];
          gke: {
            project: string;
            location: string;
            cluster: string;
            nodePool: string;
            /** `host:port` without TLS; only where the real service is not used. */
            apiEndpoint?: string;
            /** Nodes (per zone) while the region takes payments. */
            activeNodes: number;
            /** Nodes (per zone) while it stands by. */
            standbyNodes: number;
          };
          kubernetes: {
            url: string;
            /**
             * Static token; without it Google application default credentials are used.
             * @visibility secret
             */
            token?: string;
            namespace: string;
            deployment: string;
          };
        }>;
      }>;
    };
  };
}
