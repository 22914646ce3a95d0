export interface Config {
  airpay?: {
    /** Where the templates publish what they make. */
    templates?: {
      /** Host of one of integrations.gitea; needed only when there are several. */
      gitHost?: string;
      /** Organization on that host that owns the repositories. */
      organization: string;
      /** GCP project prefix and more that generated infrastructure refers to. */
      platform?: {
        /** Project with Artifact Registry and the Terraform state bucket, such as project-0-devops. */
        hubProject: string;
        /** Bucket of the Terraform state. */
        stateBucket: string;
      };
    };
  };
}
