export interface Config {
  airpay?: {
    /** Where figures are read. */
    prometheus?: {
      /** Base URL of Prometheus or of anything that speaks its query API (Thanos, Managed Prometheus). */
      baseUrl: string;
      /**
       * Sent as bearer token when set.
       * @visibility secret
       */
      token?: string;
    };
    /** Where active alerts are read. */
    alertmanager?: {
      baseUrl: string;
      /**
       * Sent as bearer token when set.
       * @visibility secret
       */
      token?: string;
    };
    slo?: {
      /** Folder of PrometheusServiceLevel files; absolute, or relative to the working directory. */
      directory?: string;
      /** ISO time before which samples were generated, empty when all are measured. Pages mark what lies before it. */
      sampleHistoryUntil?: string;
    };
    ownership?: {
      /** Kubernetes APIs in which namespaces, pods, deployments and routes are looked up. */
      kubernetes?: Array<{
        /** How the region is called on pages. */
        region: string;
        url: string;
        /**
         * Bearer token of a service account that may list and get.
         * @visibility secret
         */
        token?: string;
      }>;
    };
  };
}
