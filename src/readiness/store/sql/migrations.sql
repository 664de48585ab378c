-- name: make_migration_table
create table if not exists schema_migration (
    number     integer primary key,
    name       text not null,
    checksum   text not null,
    applied_at timestamptz not null default now()
);

-- name: has_migration_table
select to_regclass('schema_migration') is not null;

-- name: applied_migrations
select number, name, checksum from schema_migration order by number;

-- name: note_migration
insert into schema_migration (number, name, checksum) values (%(number)s, %(name)s, %(checksum)s);

-- name: lock_migrations
-- Held until the transaction ends; the number is any that nobody else uses.
select pg_advisory_xact_lock(7234816390412957);
