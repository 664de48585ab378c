-- Every table of a database, with the query that counts its rows and sums them up.
select case when n.nspname = 'public' then c.relname::text else n.nspname || '.' || c.relname end,
       format('select count(*), sum(hashtextextended(t::text, 0)::numeric) from only %I.%I as t', n.nspname, c.relname)
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
order by 1
