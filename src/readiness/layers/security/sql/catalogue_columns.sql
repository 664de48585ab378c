-- One row for each column of a table: its name, its type without a length, and whether it may be null.
select attribute.attname, format_type(attribute.atttypid, null), not attribute.attnotnull
from pg_attribute attribute
where attribute.attrelid = to_regclass(%(name)s) and attribute.attnum > 0 and not attribute.attisdropped
order by attribute.attnum;
