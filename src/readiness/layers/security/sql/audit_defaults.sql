-- One row for each privilege that tables to come will carry in these schemas: whose tables, the schema (empty for any), who
-- will have it, and which one.
select
  pg_get_userbyid(given.defaclrole)::text,
  coalesce(space.nspname::text, ''),
  case when item.grantee = 0 then 'public' else pg_get_userbyid(item.grantee)::text end,
  lower(item.privilege_type)
from pg_default_acl given
left join pg_namespace space on space.oid = given.defaclnamespace
cross join lateral aclexplode(given.defaclacl) as item
where given.defaclobjtype = 'r'
  and item.grantee <> given.defaclrole
  and (given.defaclnamespace = 0 or space.nspname = any (%(schemas)s::text[]))
order by 1, 2, 3, 4;
