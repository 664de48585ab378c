-- One row for each privilege on these tables and their columns that was given to anybody but the owner: the table, the
-- column (empty for the whole table), who has it, who gave it, which one, and whether it may be passed on.
select
  given.oid,
  given.name,
  case when item.grantee = 0 then 'public' else pg_get_userbyid(item.grantee)::text end,
  pg_get_userbyid(item.grantor)::text,
  lower(item.privilege_type),
  item.is_grantable
from (
  select class.oid, class.relowner, ''::text as name, class.relacl as acl
  from pg_class class
  where class.oid = any (%(oids)s::oid[])
  union all
  select class.oid, class.relowner, attribute.attname::text, attribute.attacl
  from pg_class class
  join pg_attribute attribute on attribute.attrelid = class.oid and not attribute.attisdropped
  where class.oid = any (%(oids)s::oid[])
) given
cross join lateral aclexplode(given.acl) as item
where item.grantee <> given.relowner
order by 1, 2, 3, 5, 4;
