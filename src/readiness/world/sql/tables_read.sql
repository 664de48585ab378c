-- Tables of a database that were read or written since it was made, with how often, by the server's own count.
select schemaname, relname, coalesce(seq_scan, 0) + coalesce(idx_scan, 0) as scans,
       n_tup_ins + n_tup_upd + n_tup_del as changes
from pg_stat_user_tables
where coalesce(seq_scan, 0) + coalesce(idx_scan, 0) > 0 or n_tup_ins + n_tup_upd + n_tup_del > 0
order by schemaname, relname
