import { Config } from '@backstage/config';
import { InputError } from '@backstage/errors';

export interface Region {
  /** Such as region-a. */
  id: string;
  title: string;
  /** Google Cloud location. */
  location: string;
  cluster: string;
}

/** What a service is made for; airpay.templates of the configuration. */
export interface Platform {
  organization: string;
  system: string;
  hostSuffix: string;
  currencies: string[];
  productionProject: string;
  development: { project: string; cluster: string };
  /** Regions by the id of their set, in the order given; never empty. */
  regionSets: Map<string, Region[]>;
}

/** @throws InputError when a region set names a region that is not listed, or none */
export function readPlatform(root: Config): Platform {
  const config = root.getConfig('airpay.templates');
  const regions = config.getConfigArray('regions').map(region => ({
    id: region.getString('id'),
    title: region.getString('title'),
    location: region.getString('location'),
    cluster: region.getString('cluster'),
  }));
  const regionSets = config.getConfigArray('regionSets').map((set): [string, Region[]] => {
    const id = set.getString('id');
    const members = set.getStringArray('regions').map(name => {
      const region = regions.find(candidate => candidate.id === name);
      if (!region) throw new InputError(`airpay.templates.regionSets: ${id} names ${name}, which is not a region`);
      return region;
    });
    if (members.length === 0) throw new InputError(`airpay.templates.regionSets: ${id} has no region`);
    return [id, members];
  });
  return {
    organization: config.getString('organization'),
    system: config.getString('system'),
    hostSuffix: config.getString('hostSuffix'),
    currencies: config.getStringArray('currencies'),
    productionProject: config.getString('production.project'),
    development: {
      project: config.getString('development.project'),
      cluster: config.getString('development.cluster'),
    },
    regionSets: new Map(regionSets),
  };
}
