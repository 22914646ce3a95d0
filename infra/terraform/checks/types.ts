/**
 * Every resource type that infra/terraform may use, and what it must carry. A type that is not in the table is refused:
 * whoever adds one reads first whether it takes labels, a key of ours and protection from deletion.
 * Facts from the provider's reference, hashicorp/google 6.50.
 */
export interface ResourceType {
  /** Path of the argument that takes labels; null when the type takes none. */
  labels: 'labels' | 'user_labels' | 'resource_labels' | 'settings.user_labels' | null;
  /** Paths of the arguments that name our key; each must be given. A path through a block that is absent counts as absent. */
  keys?: string[];
  /** Holds what cannot be made again: must say `prevent_destroy = true`, or keep the provider's protection on. */
  protect?: 'deletion_protection' | 'deletion_policy' | 'lifecycle';
  /** Protection is asked only of those that have this block. */
  protectWhen?: string;
  /** Protection is not asked of those that have this block. */
  protectUnless?: string;
}

const none = (): ResourceType => ({ labels: null });
const labelled = (more: Partial<ResourceType> = {}): ResourceType => ({ labels: 'labels', ...more });
const userLabelled = (): ResourceType => ({ labels: 'user_labels' });

const many = (names: string, make: () => ResourceType): [string, ResourceType][] => names.split(/\s+/).filter(Boolean).map(name => [`google_${name}`, make()]);

export const resourceTypes = new Map<string, ResourceType>([
  // Projects, policy, identities
  ['google_project', labelled({ protect: 'deletion_policy' })],
  ['google_folder', { labels: null, protect: 'deletion_protection' }],
  ...many('project_service project_iam_member project_iam_audit_config project_iam_custom_role organization_iam_custom_role', none),
  ...many('folder_iam_member organization_iam_member folder_iam_audit_config organization_iam_audit_config resource_manager_lien project_default_service_accounts project_service_identity', none),
  ...many('org_policy_policy org_policy_custom_constraint iam_deny_policy essential_contacts_contact', none),
  ...many('service_account service_account_iam_member service_account_iam_binding privileged_access_manager_entitlement', none),
  ...many('iam_workload_identity_pool iam_workload_identity_pool_provider tags_tag_key tags_tag_value tags_tag_binding', none),
  // Keys and secrets
  ['google_kms_key_ring', { labels: null, protect: 'lifecycle' }],
  ['google_kms_crypto_key', labelled({ protect: 'lifecycle' })],
  // A binding of one key, secret or bucket of ours is the whole list of who may: what was added by hand goes with the next apply.
  ...many('kms_crypto_key_iam_member kms_crypto_key_iam_binding kms_key_ring_iam_member', none),
  ['google_secret_manager_secret', labelled({ keys: ['replication.user_managed.replicas.customer_managed_encryption.kms_key_name'], protect: 'lifecycle' })],
  ...many('secret_manager_secret_iam_member secret_manager_secret_iam_binding', none),
  // Network
  ...many('compute_network compute_subnetwork compute_subnetwork_iam_member compute_network_peering compute_route', none),
  ...many('compute_network_peering_routes_config compute_shared_vpc_host_project compute_network_firewall_policy', none),
  ...many('compute_router compute_router_nat compute_firewall compute_network_firewall_policy_rule', none),
  ...many('compute_network_firewall_policy_association service_networking_connection compute_health_check', none),
  ...many('compute_region_health_check compute_backend_service compute_region_backend_service compute_security_policy', none),
  ...many('compute_ssl_policy compute_region_ssl_policy compute_project_metadata compute_project_metadata_item', none),
  ...many('compute_project_cloud_armor_tier dns_policy dns_response_policy dns_record_set dns_managed_zone_iam_member', none),
  ...many('compute_address compute_global_address compute_forwarding_rule compute_global_forwarding_rule', labelled),
  ...many('network_connectivity_hub network_connectivity_spoke network_connectivity_service_connection_policy', labelled),
  // A public zone made again gets other name servers; a private one is as good as the old.
  ['google_dns_managed_zone', labelled({ protect: 'lifecycle', protectUnless: 'private_visibility_config' })],
  ...many('certificate_manager_certificate certificate_manager_certificate_map certificate_manager_certificate_map_entry', labelled),
  ...many('certificate_manager_dns_authorization', labelled),
  // Machines and disks
  ['google_compute_instance', labelled({ keys: ['boot_disk.kms_key_self_link'], protect: 'deletion_protection', protectWhen: 'attached_disk' })],
  ['google_compute_instance_template', labelled({ keys: ['disk.disk_encryption_key.kms_key_self_link'] })],
  ['google_compute_region_instance_template', labelled({ keys: ['disk.disk_encryption_key.kms_key_self_link'] })],
  ['google_compute_disk', labelled({ keys: ['disk_encryption_key.kms_key_self_link'], protect: 'lifecycle' })],
  ['google_compute_region_disk', labelled({ keys: ['disk_encryption_key.kms_key_self_link'], protect: 'lifecycle' })],
  ...many('compute_instance_group compute_instance_group_manager compute_region_instance_group_manager', none),
  ...many('compute_region_autoscaler compute_per_instance_config compute_attached_disk compute_resource_policy compute_instance_iam_member', none),
  ...many('compute_disk_resource_policy_attachment compute_region_disk_resource_policy_attachment', none),
  ...many('iap_tunnel_instance_iam_member iap_tunnel_iam_member iap_web_iam_member os_config_patch_deployment', none),
  // Clusters
  ['google_container_cluster', { labels: 'resource_labels', keys: ['database_encryption.key_name'], protect: 'deletion_protection' }],
  ['google_container_node_pool', { labels: null, keys: ['node_config.boot_disk_kms_key'] }],
  ...many('gke_hub_membership gke_hub_feature gke_backup_backup_plan', labelled),
  ...many('binary_authorization_policy binary_authorization_attestor container_analysis_note', none),
  // Storage, registry, logs, numbers
  ['google_storage_bucket', labelled({ keys: ['encryption.default_kms_key_name'], protect: 'lifecycle' })],
  ...many('storage_bucket_iam_member storage_bucket_iam_binding', none),
  // One that only mirrors another holds nothing of ours.
  ['google_artifact_registry_repository', labelled({ keys: ['kms_key_name'], protect: 'lifecycle', protectUnless: 'remote_repository_config' })],
  ...many('artifact_registry_repository_iam_member artifact_registry_repository_iam_binding storage_transfer_job', none),
  ['google_bigquery_dataset', labelled({ keys: ['default_encryption_configuration.kms_key_name'], protect: 'lifecycle' })],
  ['google_bigquery_table', labelled({ keys: ['encryption_configuration.kms_key_name'], protect: 'deletion_protection' })],
  ...many('bigquery_dataset_iam_member', none),
  ['google_sql_database_instance', { labels: 'settings.user_labels', keys: ['encryption_key_name'], protect: 'deletion_protection' }],
  ['google_pubsub_topic', labelled({ keys: ['kms_key_name'] })],
  ...many('pubsub_subscription', labelled),
  ...many('pubsub_topic_iam_member pubsub_topic_iam_binding pubsub_subscription_iam_member cloud_scheduler_job', none),
  ['google_logging_project_bucket_config', { labels: null, keys: ['cmek_settings.kms_key_name'], protect: 'lifecycle' }],
  ...many('logging_project_sink logging_organization_sink logging_folder_sink logging_metric logging_project_exclusion logging_log_view', none),
  ...many('logging_folder_settings logging_organization_settings', none),
  ...many('monitoring_uptime_check_config monitoring_alert_policy monitoring_notification_channel monitoring_service monitoring_slo', userLabelled),
  ...many('monitoring_dashboard monitoring_monitored_project billing_budget billing_account_iam_member', none),
]);

/** Types that may never be used, and why. */
export const refusedTypes = new Map<string, string>([
  ['google_service_account_key', 'a key of a service account is a password for ever; use impersonation or Workload Identity'],
  ['google_storage_hmac_key', 'a key of a service account is a password for ever; use impersonation or Workload Identity'],
  ['google_apikeys_key', 'its value would stand in the state'],
  ['google_secret_manager_secret_version', 'the value of a secret would stand in the state; people or a rotation put it there'],
  ['google_secret_manager_regional_secret_version', 'the value of a secret would stand in the state; people or a rotation put it there'],
  ['random_password', 'the value would stand in the state'],
  ['tls_private_key', 'the private key would stand in the state'],
  ['google_sql_user', 'the password would stand in the state'],
  ['google_project_iam_policy', 'replaces every grant of the project, those of Google among them; use google_project_iam_member'],
  ['google_project_iam_binding', 'takes the role from everybody else in the project; use google_project_iam_member'],
  ['google_organization_iam_policy', 'replaces every grant of the organisation'],
  ['google_folder_iam_policy', 'replaces every grant of the folder'],
  ['google_storage_bucket_iam_policy', 'replaces every grant of the bucket; use google_storage_bucket_iam_member'],
  ['google_storage_bucket_object', 'Terraform puts no content into buckets'],
  ['null_resource', 'a command of a plan runs on whoever applies; nobody sees it in the plan'],
  ['time_rotating', 'a plan must not depend on when it is made'],
]);
