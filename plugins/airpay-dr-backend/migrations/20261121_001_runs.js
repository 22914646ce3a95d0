// @ts-check

const noChange = table => ({
  pg: `
    create function ${table}_refuse_change() returns trigger language plpgsql as
      'begin raise exception ''${table} is append-only''; end';
    create trigger ${table}_append_only before update or delete or truncate on ${table}
      for each statement execute function ${table}_refuse_change();`,
  sqlite: [
    `create trigger ${table}_no_update before update on ${table} begin select raise(abort, '${table} is append-only'); end`,
    `create trigger ${table}_no_delete before delete on ${table} begin select raise(abort, '${table} is append-only'); end`,
  ],
});

const isSqlite = knex => String(knex.client.config.client).includes('sqlite');

/** @param {import('knex').Knex} knex */
exports.up = async function up(knex) {
  await knex.schema.createTable('recovery_run', table => {
    table.uuid('id').primary().comment('Made by the browser: a repeated click is the same run');
    table.string('system', 63).notNullable();
    table.string('from_region', 63).notNullable();
    table.string('to_region', 63).notNullable();
    table.string('state', 20).notNullable().comment('running, needsHuman, succeeded, aborted');
    table.string('started_by', 255).notNullable();
    table.bigInteger('started_at_ms').notNullable();
    table.bigInteger('ended_at_ms');
    table.text('title').notNullable();
    table.string('plan_hash', 64).notNullable();
    table.text('request_json').notNullable();
    table.text('planned_steps_json').notNullable();
    table.text('at_risk_json').notNullable();
    table.text('facts_json').notNullable();
    table.text('abort_json').notNullable().comment('Who asked to abort, or null');
    table.string('lease_owner', 255);
    table.integer('lease_token').notNullable().defaultTo(0).comment('Grows with each takeover; a write with an older one is refused');
    table.bigInteger('lease_until_ms').notNullable().defaultTo(0);
    table.integer('last_sequence').notNullable().defaultTo(0);
    table.string('last_hash', 64).notNullable();
    table.index(['system', 'started_at_ms'], 'recovery_run_by_system');
  });
  // Two runs at once on one system would undo each other: the database refuses the second.
  await knex.raw(
    `create unique index recovery_run_one_open on recovery_run (system) where state in ('running', 'needsHuman')`,
  );
  await knex.schema.createTable('recovery_run_step', table => {
    table.uuid('run_id').notNullable().references('id').inTable('recovery_run');
    table.string('step_id', 63).notNullable();
    table.integer('position').notNullable();
    table.string('state', 20).notNullable();
    table.bigInteger('started_at_ms');
    table.bigInteger('ended_at_ms');
    table.integer('attempts').notNullable().defaultTo(0);
    table.text('error');
    table.boolean('acting').notNullable().defaultTo(false);
    table.primary(['run_id', 'step_id']);
  });
  await knex.schema.createTable('recovery_run_event', table => {
    table.uuid('run_id').notNullable().references('id').inTable('recovery_run');
    table.integer('sequence').notNullable();
    table.bigInteger('at_ms').notNullable();
    table.string('actor', 255).notNullable();
    table.string('kind', 63).notNullable();
    table.string('step_id', 63);
    table.text('text').notNullable();
    table.string('previous_hash', 64).notNullable();
    table.string('hash', 64).notNullable();
    table.primary(['run_id', 'sequence']);
  });
  const triggers = noChange('recovery_run_event');
  if (isSqlite(knex)) for (const one of triggers.sqlite) await knex.raw(one);
  else await knex.raw(triggers.pg);
};

/** @param {import('knex').Knex} knex */
exports.down = async function down(knex) {
  await knex.schema.dropTable('recovery_run_event');
  if (!isSqlite(knex)) await knex.raw('drop function recovery_run_event_refuse_change()');
  await knex.schema.dropTable('recovery_run_step');
  await knex.schema.dropTable('recovery_run');
};
