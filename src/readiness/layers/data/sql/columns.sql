-- The columns of a table or view: name, type as PostgreSQL writes it, name of its base type, category of that type.
-- Domains are judged by what they rest on. Parameters: the schema's and the table's name.
select a.attname,
       format_type(a.atttypid, a.atttypmod),
       coalesce(b.typname, t.typname),
       coalesce(b.typcategory, t.typcategory)
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
join pg_type t on t.oid = a.atttypid
left join pg_type b on b.oid = t.typbasetype and t.typtype = 'd'
where n.nspname = %(schema)s and c.relname = %(name)s and c.relkind in ('r', 'p', 'v', 'm', 'f')
order by a.attnum
