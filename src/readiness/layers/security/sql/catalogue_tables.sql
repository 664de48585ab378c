-- One row where the name is there: schema, name, whether it is a table, its owner, the columns of its primary key, its
-- policies, and who but the owner was granted anything on it or on a column of it.
select
  space.nspname,
  class.relname,
  class.relkind in ('r', 'p'),
  pg_get_userbyid(class.relowner),
  coalesce((
    select array_agg(key.attname::text order by array_position(index.indkey::int2[], key.attnum))
    from pg_index index
    join pg_attribute key on key.attrelid = class.oid and key.attnum = any (index.indkey::int2[])
    where index.indrelid = class.oid and index.indisprimary
  ), '{}'),
  coalesce((select array_agg(policy.polname::text order by policy.polname) from pg_policy policy where policy.polrelid = class.oid), '{}'),
  coalesce((
    select array_agg(distinct role.rolname::text)
    from (
      select class.relacl as acl
      union all
      select attribute.attacl from pg_attribute attribute where attribute.attrelid = class.oid and not attribute.attisdropped
    ) given
    cross join lateral aclexplode(given.acl) as item
    join pg_roles role on role.oid = item.grantee
    where role.oid <> class.relowner
  ), '{}')
from pg_class class
join pg_namespace space on space.oid = class.relnamespace
where class.oid = to_regclass(%(name)s);
