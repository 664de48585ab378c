-- One row for each function that is nobody's extension and not PostgreSQL's own: its schema, name, arguments and owner,
-- whether it runs with the rights of its owner, its language, its body, the tables and functions its body is known to use,
-- and who may call it.
select
  space.nspname::text,
  proc.proname::text,
  pg_get_function_identity_arguments(proc.oid),
  pg_get_userbyid(proc.proowner)::text,
  proc.prosecdef and proc.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype),
  language.lanname::text,
  proc.prosrc,
  coalesce((
    select array_agg(distinct depend.refobjid::bigint)
    from pg_depend depend
    where depend.classid = 'pg_proc'::regclass and depend.objid = proc.oid and depend.refclassid = 'pg_class'::regclass
  ), '{}'),
  coalesce((
    select array_agg(distinct case when item.grantee = 0 then 'public' else pg_get_userbyid(item.grantee)::text end)
    from aclexplode(coalesce(proc.proacl, acldefault('f', proc.proowner))) as item
    where item.privilege_type = 'EXECUTE' and item.grantee <> proc.proowner
  ), '{}')
from pg_proc proc
join pg_namespace space on space.oid = proc.pronamespace
join pg_language language on language.oid = proc.prolang
where space.nspname not in ('pg_catalog', 'information_schema')
  and proc.prokind in ('f', 'p')
  and not exists (select from pg_depend depend where depend.classid = 'pg_proc'::regclass and depend.objid = proc.oid and depend.deptype = 'e')
order by 1, 2, 3;
