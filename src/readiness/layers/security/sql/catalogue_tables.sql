-- One row for each name that is there, in the order asked: its number, oid, schema, name, whether it holds rows of its
-- own or in partitions, its owner, whether row security counts for it and for its owner, the columns of its primary key.
-- A name without a schema is the first of that name in the search path.
select
  asked.number,
  class.oid,
  space.nspname::text,
  class.relname::text,
  class.relkind in ('r', 'p'),
  pg_get_userbyid(class.relowner)::text,
  class.relrowsecurity,
  class.relforcerowsecurity,
  coalesce((
    select array_agg(key.attname::text order by array_position(index.indkey::int2[], key.attnum))
    from pg_index index
    join pg_attribute key on key.attrelid = class.oid and key.attnum = any (index.indkey::int2[])
    where index.indrelid = class.oid and index.indisprimary
  ), '{}')
from unnest(%(schemas)s::text[], %(names)s::text[]) with ordinality as asked(schema, name, number)
cross join lateral (
  select class.oid
  from pg_class class
  join pg_namespace space on space.oid = class.relnamespace
  where class.relname = asked.name::name
    and case when asked.schema = '' then space.nspname = any (current_schemas(true)) else space.nspname = asked.schema::name end
  order by array_position(current_schemas(true), space.nspname)
  limit 1
) found
join pg_class class on class.oid = found.oid
join pg_namespace space on space.oid = class.relnamespace
order by asked.number;
