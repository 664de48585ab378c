-- One row for each table that is nobody's partition and no extension's, in these schemas, or in all but PostgreSQL's own:
-- its name as SQL writes it.
select quote_ident(space.nspname) || '.' || quote_ident(class.relname)
from pg_class class
join pg_namespace space on space.oid = class.relnamespace
where class.relkind in ('r', 'p')
  and not class.relispartition
  and case
    when %(schemas)s::text[] = '{}' then space.nspname !~ '^pg_' and space.nspname <> 'information_schema'
    else space.nspname = any (%(schemas)s::text[])
  end
  and not exists (select from pg_depend depend where depend.classid = 'pg_class'::regclass and depend.objid = class.oid and depend.deptype = 'e')
order by 1;
