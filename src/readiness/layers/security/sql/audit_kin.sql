-- One row for each partition or child of these tables, and each table they are a partition or child of, over any number
-- of steps: the table, the relative, its schema and name, its owner, and whether it lies below.
with recursive below as (
  select inhparent as origin, inhrelid as kin from pg_inherits where inhparent = any (%(oids)s::oid[])
  union
  select below.origin, one.inhrelid from below join pg_inherits one on one.inhparent = below.kin
), above as (
  select inhrelid as origin, inhparent as kin from pg_inherits where inhrelid = any (%(oids)s::oid[])
  union
  select above.origin, one.inhparent from above join pg_inherits one on one.inhrelid = above.kin
), both_ways as (
  select origin, kin, true as lower from below
  union all
  select origin, kin, false from above
)
select both_ways.origin, class.oid, space.nspname::text, class.relname::text, pg_get_userbyid(class.relowner)::text, both_ways.lower
from both_ways
join pg_class class on class.oid = both_ways.kin and class.relkind in ('r', 'p', 'f')
join pg_namespace space on space.oid = class.relnamespace
where class.oid <> all (%(oids)s::oid[])
order by 1, 3, 4;
