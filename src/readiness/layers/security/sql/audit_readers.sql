-- One row for each view, materialised view or rule over one of these tables, directly or over others: the table, the
-- relation, its schema, name and kind, its owner, and whether it is read with the rights of whoever asks.
with recursive edge as (
  select distinct depend.refobjid as below, rule.ev_class as above
  from pg_rewrite rule
  join pg_depend depend on depend.classid = 'pg_rewrite'::regclass and depend.objid = rule.oid
  where depend.refclassid = 'pg_class'::regclass and depend.refobjid <> rule.ev_class
), reader as (
  select below as origin, above from edge where below = any (%(oids)s::oid[])
  union
  select reader.origin, edge.above from reader join edge on edge.below = reader.above
)
select
  reader.origin,
  class.oid,
  space.nspname::text,
  class.relname::text,
  class.relkind::text,
  pg_get_userbyid(class.relowner)::text,
  coalesce((
    select bool_or(lower(one.option_value) in ('true', 'on', 'yes', '1'))
    from pg_options_to_table(class.reloptions) one
    where one.option_name = 'security_invoker'
  ), false)
from reader
join pg_class class on class.oid = reader.above
join pg_namespace space on space.oid = class.relnamespace
where class.oid <> all (%(oids)s::oid[])
order by 1, 3, 4;
