import type { BackstageCredentials } from '@backstage/backend-plugin-api';
import { CATALOG_FILTER_EXISTS } from '@backstage/catalog-client';
import type { Entity } from '@backstage/catalog-model';
import type { CatalogService } from '@backstage/plugin-catalog-node';
import { UpstreamError } from './upstream';

/**
 * The catalog as the caller may see it: every read carries the caller's credentials, so that
 * nobody finds here what the catalog itself would hide. Throws UpstreamError and nothing else.
 */
export interface Catalog {
  /** Entities that carry the annotation, at most `maxEntities`. */
  withAnnotation(annotation: string, credentials: BackstageCredentials): Promise<Entity[]>;
  /** Entities that carry the label, at most `maxFound`. */
  withLabel(key: string, value: string, credentials: BackstageCredentials): Promise<Entity[]>;
  /** Entities whose name or title contains the text, at most `maxFound`. */
  search(text: string, credentials: BackstageCredentials): Promise<Entity[]>;
  /** Keyed by the reference as asked, in lower case; unknown ones are missing. */
  byRefs(refs: readonly string[], credentials: BackstageCredentials): Promise<Map<string, Entity>>;
}

const source = 'Catalog';
const maxEntities = 2_000;
const maxFound = 50;
const fields = ['apiVersion', 'kind', 'metadata', 'spec', 'relations'];

export class ServiceCatalog implements Catalog {
  constructor(private readonly service: CatalogService) {}

  withAnnotation(annotation: string, credentials: BackstageCredentials): Promise<Entity[]> {
    return this.#read(async () => {
      const filter = { [`metadata.annotations.${annotation}`]: CATALOG_FILTER_EXISTS };
      const { items } = await this.service.getEntities({ filter, fields, limit: maxEntities }, { credentials });
      return items;
    });
  }

  withLabel(key: string, value: string, credentials: BackstageCredentials): Promise<Entity[]> {
    return this.#read(async () => {
      const filter = { [`metadata.labels.${key}`]: value };
      const { items } = await this.service.getEntities({ filter, fields, limit: maxFound }, { credentials });
      return items;
    });
  }

  search(text: string, credentials: BackstageCredentials): Promise<Entity[]> {
    return this.#read(async () => {
      const fullTextFilter = { term: text, fields: ['metadata.name', 'metadata.title', 'spec.profile.displayname'] };
      const { items } = await this.service.queryEntities({ fullTextFilter, fields, limit: maxFound }, { credentials });
      return items;
    });
  }

  byRefs(refs: readonly string[], credentials: BackstageCredentials): Promise<Map<string, Entity>> {
    return this.#read(async () => {
      const found = new Map<string, Entity>();
      if (refs.length === 0) return found;
      const { items } = await this.service.getEntitiesByRefs({ entityRefs: [...refs], fields }, { credentials });
      items.forEach((entity, index) => {
        if (entity) found.set(refs[index].toLocaleLowerCase('en-US'), entity);
      });
      return found;
    });
  }

  async #read<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      throw new UpstreamError(source, `The catalog could not be read: ${(error as Error).message}`, { cause: error });
    }
  }
}
