-- name: lock_preparation
-- Held until the connection ends; the number is any that nobody else uses.
select pg_advisory_lock(7234816390412957);

-- name: store_roles
select rolname from pg_roles where rolname = 'readiness';

-- name: store_databases
select datname from pg_database where datname = 'readiness';

-- name: close_store
-- Roles of judged projects may live in the same server.
revoke all on database readiness from public;
