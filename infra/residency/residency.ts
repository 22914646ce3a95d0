/** Looks whether everything that holds data lies in the places of its class. Pure: takes parsed files, returns sentences. */

export interface Policy {
  classes: Record<string, { data: string; groups: string[] }>;
  worldwide: Record<string, string>;
  exempt: { resource: string; place: string; why: string }[];
}

export interface Estate {
  residency: Record<string, string[]>;
  sites: Record<string, { project: string; environment: string; location: string; zones: string[]; residency: string; network: string; role: string }>;
  databases: Record<string, unknown>;
  buckets: Record<string, string | Record<string, string>>;
  secrets: Record<string, { sites: string[] }>;
  registry: { location: string };
}

/** Of the estate: sites, their zones, standbys, backups, secrets, registry. */
export function estateProblems(estate: Estate, policy: Policy): string[] {
  const problems: string[] = [];
  const placesOf = (name: string) => estate.residency[name] ?? [];
  for (const name of Object.keys(estate.residency)) if (!policy.classes[name]) problems.push(`class ${name} has no meaning in infra/residency/policy.yaml`);
  for (const name of Object.keys(policy.classes)) if (!estate.residency[name]) problems.push(`class ${name} has no places in infra/estate.yaml`);
  for (const [name, site] of Object.entries(estate.sites)) {
    if (!placesOf(site.residency).includes(site.location)) problems.push(`site ${name} of class ${site.residency} lies in ${site.location}`);
    for (const zone of site.zones) if (!zone.startsWith(`${site.location}-`)) problems.push(`site ${name}: zone ${zone} is not in ${site.location}`);
    if (site.role !== 'standby') continue;
    // Its database is a copy of the primary's, so it is of the primary's class, whatever it says of itself.
    const primaries = Object.entries(estate.sites).filter(([, one]) => one.role === 'primary' && one.network === site.network);
    if (primaries.length !== 1) problems.push(`site ${name} stands by for ${primaries.length} sites`);
    for (const [primary, { residency }] of primaries) {
      if (!placesOf(residency).includes(site.location)) problems.push(`the database of ${primary} (class ${residency}) has a replica in ${site.location} (${name})`);
      if (residency !== site.residency) problems.push(`site ${name} is of class ${site.residency}, but stands by for class ${residency}`);
    }
  }
  const backups = estate.buckets['backups'];
  const known = new Set(Object.keys(estate.sites));
  for (const site of Object.keys(estate.databases)) {
    if (!known.has(site)) problems.push(`database of ${site}: there is no such site`);
    if (typeof backups !== 'object' || !backups[site]) problems.push(`the database of ${site} has no bucket for its backups`);
  }
  for (const site of typeof backups === 'object' ? Object.keys(backups) : []) if (!known.has(site)) problems.push(`a bucket of backups is for ${site}, which is no site`);
  for (const [name, { sites }] of Object.entries(estate.secrets)) for (const site of sites) if (!known.has(site)) problems.push(`secret ${name} is for ${site}, which is no site`);
  if (!isExempt(policy, 'google_artifact_registry_repository', estate.registry.location) && !Object.values(estate.residency).flat().includes(estate.registry.location)) {
    problems.push(`the registry lies in ${estate.registry.location}, which no class has and nobody has exempted`);
  }
  return problems;
}

function isExempt(policy: Policy, resource: string, place: string): boolean {
  return policy.exempt.some(one => one.resource === resource && one.place === place.toLowerCase() && one.why.length > 20);
}

/** Attributes whose value is a place of data. */
const placeNames = new Set(['location', 'region', 'zone', 'locations', 'zones', 'storage_locations', 'replica_zones', 'node_locations', 'allowed_persistence_regions', 'kms_location', 'replica_region', 'multi_region_auxiliary_versions']);

/** `${var.location}` and such: the place is given by who calls the module, and is looked at there. */
const fromCaller = /^\$\{(?:upper\(|lower\()?(?:var|local|each|data|module|google_[a-z_]+|site|zone|member|repository|log)[\w.\[\]"'*]*\)?\}$/;

/** Refuses by a closed list: a place is the caller's, one of the classes', or exempted. */
export function terraformProblems(file: string, parsed: any, estate: Pick<Estate, 'residency'>, policy: Policy): string[] {
  const problems: string[] = [];
  const places = new Set(Object.values(estate.residency).flat());
  for (const [type, byName] of Object.entries<any>(parsed.resource ?? {})) {
    for (const [name, bodies] of Object.entries<any>(byName)) {
      for (const body of bodies) {
        const at = `${file}: ${type}.${name}`;
        if (!(type in policy.worldwide)) visit(body, [], (path, value) => {
          const place = value.toLowerCase();
          if (fromCaller.test(value) || value.startsWith('${') && /\b(?:var|local|each)\.[\w.]*(?:location|region|zone|site)/.test(value)) return;
          const region = place.replace(/-[a-z]$/, '');
          if (places.has(region) || isExempt(policy, type, place)) return;
          problems.push(`${at}: ${path} is ${value}, which no class has and nobody has exempted`);
        });
        problems.push(...copyProblems(at, type, body));
      }
    }
  }
  // Modules called with a place written out.
  for (const [name, bodies] of Object.entries<any>(parsed.module ?? {})) for (const body of bodies) {
    visit(body, [], (path, value) => {
      if (value.startsWith('${')) return;
      if (!places.has(value.toLowerCase().replace(/-[a-z]$/, '')) && !policy.exempt.some(one => one.place === value.toLowerCase())) problems.push(`${file}: module.${name}: ${path} is ${value}, which no class has and nobody has exempted`);
    });
  }
  return problems;
}

/** Ways in which a service of Google makes copies where it likes. */
function copyProblems(at: string, type: string, body: any): string[] {
  const problems: string[] = [];
  if (type === 'google_secret_manager_secret') {
    const replication = body.replication?.[0] ?? {};
    if (!replication.user_managed?.[0]?.replicas?.length) problems.push(`${at}: replicated where Google likes; a secret is kept in the region that uses it (replication.user_managed)`);
  }
  if (type === 'google_storage_bucket' && !body.location) problems.push(`${at}: a bucket without a location lies in the United States`);
  if (type === 'google_sql_database_instance') {
    if (body.master_instance_name && !String(body.region ?? '').startsWith('${')) problems.push(`${at}: a replica says its region, which must be of its source's class`);
    if (!body.settings?.[0]?.backup_configuration?.[0]?.location) problems.push(`${at}: backups without a location lie in a group of regions`);
  }
  if (type === 'google_compute_resource_policy') {
    const snapshots = body.snapshot_schedule_policy?.[0];
    if (snapshots && !snapshots.snapshot_properties?.[0]?.storage_locations) problems.push(`${at}: snapshots without storage_locations lie in a group of regions`);
  }
  if (type === 'google_kms_key_ring' && /^global$/i.test(String(body.location))) problems.push(`${at}: a key ring of the whole world`);
  return problems;
}

/** Calls back for every text below a name that means a place. */
function visit(node: unknown, path: string[], found: (path: string, value: string) => void): void {
  if (Array.isArray(node)) return void node.forEach(one => visit(one, path, found));
  if (typeof node !== 'object' || node === null) return;
  for (const [key, value] of Object.entries(node)) {
    const here = [...path, key];
    if (placeNames.has(key)) for (const one of Array.isArray(value) ? value : [value]) {
      if (typeof one === 'string') found(here.join('.'), one);
      else visit(one, here, found);
    }
    else visit(value, here, found);
  }
}
