-- Columns of texts in the tables that whoever asks may write.
select c.table_schema, c.table_name, c.column_name
from information_schema.columns c
join information_schema.tables t using (table_schema, table_name)
where c.table_schema not in ('pg_catalog', 'information_schema')
  and t.table_type = 'BASE TABLE'
  and c.data_type in ('text', 'character varying')
  and c.is_generated = 'NEVER'
  and has_column_privilege(format('%I.%I', c.table_schema, c.table_name), c.column_name, 'UPDATE')
order by 1, 2, c.ordinal_position
