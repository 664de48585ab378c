-- One row for each privilege on these schemas, and on the database (as schema ''): the schema, its owner, who has it, and
-- which one. The owner's own are among them.
select
  space.name,
  space.owner,
  case when item.grantee = 0 then 'public' else pg_get_userbyid(item.grantee)::text end,
  lower(item.privilege_type)
from (
  select
    one.nspname::text as name,
    case when pg_get_userbyid(one.nspowner) = 'pg_database_owner' then pg_get_userbyid(base.datdba) else pg_get_userbyid(one.nspowner) end::text as owner,
    coalesce(one.nspacl, acldefault('n', one.nspowner)) as acl
  from pg_namespace one
  join pg_database base on base.datname = current_database()
  where one.nspname = any (%(schemas)s::text[])
  union all
  select '', pg_get_userbyid(datdba)::text, coalesce(datacl, acldefault('d', datdba))
  from pg_database
  where datname = current_database()
) space
cross join lateral aclexplode(space.acl) as item
order by 1, 3, 4;
