-- Columns of texts in the tables that whoever asks may write, and whether row security binds them although they own it.
select c.table_schema, c.table_name, c.column_name, r.relforcerowsecurity and pg_has_role(r.relowner, 'USAGE')
from information_schema.columns c
join information_schema.tables t using (table_schema, table_name)
join pg_class r on r.oid = format('%I.%I', c.table_schema, c.table_name)::regclass
where c.table_schema not in ('pg_catalog', 'information_schema')
  and t.table_type = 'BASE TABLE'
  and c.data_type in ('text', 'character varying')
  and c.is_generated = 'NEVER'
  and has_column_privilege(format('%I.%I', c.table_schema, c.table_name), c.column_name, 'UPDATE')
order by 1, 2, c.ordinal_position
