-- One row for each of these roles and each table, view or foreign table it has any right on, by PostgreSQL's own answer: the
-- schema, the name, what kind it is, whether row security binds the role there, the privileges on all of it, and the columns
-- it may select, insert and update. A right in a schema that the role may not use opens nothing.
select
  role.rolname::text,
  space.nspname::text,
  class.relname::text,
  case class.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table' else 'table' end,
  class.relrowsecurity and not (role.rolsuper or role.rolbypassrls
    or (pg_has_role(role.oid, class.relowner, 'USAGE') and not class.relforcerowsecurity)),
  array(
    select privilege from unnest(array['select', 'insert', 'update', 'delete', 'truncate']) with ordinality as asked (privilege, place)
    where has_table_privilege(role.oid, class.oid, privilege) order by place
  ),
  array(select attname::text from pg_attribute
    where attrelid = class.oid and attnum > 0 and not attisdropped and has_column_privilege(role.oid, class.oid, attnum, 'select') order by attnum),
  array(select attname::text from pg_attribute
    where attrelid = class.oid and attnum > 0 and not attisdropped and has_column_privilege(role.oid, class.oid, attnum, 'insert') order by attnum),
  array(select attname::text from pg_attribute
    where attrelid = class.oid and attnum > 0 and not attisdropped and has_column_privilege(role.oid, class.oid, attnum, 'update') order by attnum)
from pg_roles role
cross join pg_class class
join pg_namespace space on space.oid = class.relnamespace
where role.rolname = any (%(roles)s::text[])
  and class.relkind in ('r', 'p', 'v', 'm', 'f')
  and space.nspname !~ '^pg_' and space.nspname <> 'information_schema'
  and has_schema_privilege(role.oid, space.oid, 'usage')
order by space.nspname, class.relname, array_position(%(roles)s::text[], role.rolname::text);
