-- The columns of every table and view a demo made in its database.
select table_name, array_agg(column_name::text order by ordinal_position)
from information_schema.columns
where table_schema not in ('pg_catalog', 'information_schema')
group by table_name
