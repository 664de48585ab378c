-- Statements that a database was sent, their constants left out, with how often and how many rows they gave, and as whom.
select s.query, sum(s.calls)::bigint, sum(s.rows)::bigint, array_agg(distinct r.rolname::text order by r.rolname::text)
from pg_stat_statements s join pg_database d on d.oid = s.dbid join pg_roles r on r.oid = s.userid
where d.datname = %(database)s and not r.rolsuper and r.rolname not like 'reader\_%%'
group by s.query
order by s.query
