-- One row for each column of these tables: the table, its name, its type without a length, whether it may be null, and
-- whether two texts that differ may be equal in it.
select
  attribute.attrelid,
  attribute.attname::text,
  format_type(attribute.atttypid, null),
  not attribute.attnotnull,
  coalesce(not letters.collisdeterministic, false)
from pg_attribute attribute
left join pg_collation letters on letters.oid = attribute.attcollation
where attribute.attrelid = any (%(oids)s::oid[]) and attribute.attnum > 0 and not attribute.attisdropped
order by attribute.attrelid, attribute.attnum;
