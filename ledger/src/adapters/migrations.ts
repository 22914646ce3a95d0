/** Numbered plain SQL files, applied once each, in order, under a lock. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type pg from 'pg';
import { contractions } from '../domain/expand.ts';

export interface Migration {
  version: number;
  file: string;
  /** First line `--! breaking`: a service that does not know this file must not run on its schema. */
  breaking: boolean;
  sql: string;
  /** SHA-256, hex. */
  checksum: string;
}

export interface AppliedMigration {
  version: number;
  breaking: boolean;
}

export const migrationsFolder = resolve(import.meta.dirname, '../../migrations');
const fileName = /^(\d{6})_[a-z0-9_]+\.sql$/;
/** Any constant will do; every migrator uses this one. */
const advisoryLock = 4_713_020_001;

/** In order. Throws when a file is misnamed, the numbers are not 1, 2, 3 …, or one does more than add and does not say so. */
export function readMigrations(folder = migrationsFolder): Migration[] {
  const migrations = readdirSync(folder).sort().map(file => {
    const match = fileName.exec(file);
    if (!match) throw new Error(`${file} is not named like 000001_what_it_does.sql`);
    const sql = readFileSync(join(folder, file), 'utf8');
    return { version: Number(match[1]), file, breaking: sql.startsWith('--! breaking'), sql, checksum: createHash('sha256').update(sql).digest('hex') };
  });
  migrations.forEach((migration, index) => {
    if (migration.version !== index + 1) throw new Error(`${migration.file} should have number ${index + 1}`);
    const found = migration.breaking ? [] : contractions(migration.sql);
    if (found.length > 0) throw new Error(`${migration.file} is not marked --! breaking, but ${found.join('; ')}`);
  });
  return migrations;
}

/**
 * Applies what is missing, each file in its own transaction together with its record. Several migrators at once
 * wait for each other. Throws, having changed nothing, when an applied file was edited since or is unknown here
 * and breaking. Returns the files it applied.
 */
export async function migrate(client: pg.ClientBase, migrations = readMigrations()): Promise<string[]> {
  await client.query('SELECT pg_advisory_lock($1)', [advisoryLock]);
  try {
    await client.query('CREATE SCHEMA IF NOT EXISTS ledger');
    await client.query(`CREATE TABLE IF NOT EXISTS ledger.schema_migrations (
      version integer PRIMARY KEY, file text NOT NULL, checksum text NOT NULL, breaking boolean NOT NULL,
      applied_at timestamptz NOT NULL DEFAULT clock_timestamp())`);
    const { rows } = await client.query<AppliedMigration & { file: string; checksum: string }>('SELECT * FROM ledger.schema_migrations ORDER BY version');
    const faults = compareWithApplied(migrations, rows);
    if (faults.length > 0) throw new Error(faults.join('\n'));
    const missing = migrations.filter(migration => !rows.some(row => row.version === migration.version));
    for (const migration of missing) await apply(client, migration);
    return missing.map(migration => migration.file);
  } finally {
    await client.query('SELECT pg_advisory_unlock($1)', [advisoryLock]).catch(() => undefined); // the connection is gone, and the lock with it
  }
}

async function apply(client: pg.ClientBase, migration: Migration): Promise<void> {
  try {
    await client.query('BEGIN');
    // A migration that waits for a lock holds up every payment behind it: rather fail, and try again in a quiet moment.
    await client.query("SET LOCAL lock_timeout = '5s'");
    await client.query(migration.sql);
    await client.query('INSERT INTO ledger.schema_migrations (version, file, checksum, breaking) VALUES ($1, $2, $3, $4)', [
      migration.version, migration.file, migration.checksum, migration.breaking,
    ]);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined); // the first error is the one to tell
    throw new Error(`${migration.file} was not applied: ${(error as Error).message}`, { cause: error });
  }
}

function compareWithApplied(migrations: Migration[], applied: (AppliedMigration & { file: string; checksum: string })[]): string[] {
  return applied.flatMap(row => {
    const own = migrations.find(migration => migration.version === row.version);
    if (!own) return row.breaking ? [`${row.file} is applied, breaking, and not known to this version of the ledger`] : [];
    return own.checksum === row.checksum ? [] : [`${row.file} was changed after it was applied (its checksum is another one)`];
  });
}

/** May a service that knows `known` run on a schema with `applied`? Undefined if so, else why not. */
export function incompatibility(known: readonly AppliedMigration[], applied: readonly AppliedMigration[]): string | undefined {
  const missing = known.find(migration => !applied.some(row => row.version === migration.version));
  if (missing) return `migration ${missing.version} is not applied yet`;
  const newer = applied.find(row => row.breaking && !known.some(migration => migration.version === row.version));
  return newer ? `migration ${newer.version} is breaking and newer than this version of the ledger` : undefined;
}
