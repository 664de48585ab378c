-- One row for each permissive row policy by which rows of a table are read: whom it is for, its condition.
select
  coalesce((select array_agg(role.rolname::text order by role.rolname) from pg_roles role where role.oid = any (policy.polroles)), '{}'),
  coalesce(pg_get_expr(policy.polqual, policy.polrelid), '')
from pg_policy policy
where policy.polrelid = %(oid)s and policy.polpermissive and policy.polcmd in ('r', '*')
order by policy.polname;
