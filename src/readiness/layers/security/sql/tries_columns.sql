-- One row for each column of a table: its name, whether its value is made by the database whatever is written, and whether
-- it can be written as it stands in another row.
select
  attribute.attname::text,
  attribute.attgenerated <> '',
  attribute.attgenerated = '' and attribute.attidentity <> 'a'
from pg_attribute attribute
where attribute.attrelid = %(oid)s and attribute.attnum > 0 and not attribute.attisdropped
order by attribute.attnum;
