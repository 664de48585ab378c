-- One row for each column that holds vectors: the table, its schema, name and owner, whether row security is on and forced,
-- the column and its type, and of an index for nearest neighbours on it the name, the method and the operator.
select
  class.oid,
  space.nspname::text,
  class.relname::text,
  pg_get_userbyid(class.relowner)::text,
  class.relrowsecurity,
  class.relforcerowsecurity,
  attribute.attname::text,
  type.typname::text,
  coalesce(found.name, ''),
  coalesce(found.method, ''),
  coalesce(found.operator, '')
from pg_attribute attribute
join pg_class class on class.oid = attribute.attrelid and class.relkind in ('r', 'p') and not class.relispartition
join pg_namespace space on space.oid = class.relnamespace
join pg_type type on type.oid = attribute.atttypid and type.typname in ('vector', 'halfvec', 'sparsevec')
left join lateral (
  select
    one.relname::text as name,
    way.amname::text as method,
    (
      select operator.oprname::text
      from pg_amop part
      join pg_operator operator on operator.oid = part.amopopr
      where part.amopfamily = opclass.opcfamily and part.amoplefttype = opclass.opcintype
      limit 1
    ) as operator
  from pg_index index
  join pg_class one on one.oid = index.indexrelid
  join pg_am way on way.oid = one.relam and way.amname in ('hnsw', 'ivfflat')
  join pg_opclass opclass on opclass.oid = index.indclass[0]
  where index.indrelid = class.oid and index.indkey[0] = attribute.attnum and index.indisvalid
  order by one.relname
  limit 1
) found on true
where attribute.attnum > 0 and not attribute.attisdropped and space.nspname !~ '^pg_'
order by 2, 3, 7;
