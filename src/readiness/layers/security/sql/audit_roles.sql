-- One row for each role: its name, whether it is a superuser, is not bound by row security, makes roles, may replicate,
-- is one that every PostgreSQL has, and is the superuser that the cluster began with.
select rolname::text, rolsuper, rolbypassrls, rolcreaterole, rolreplication, oid < 16384 and rolname like 'pg\_%%', oid = 10
from pg_roles
order by rolname;
