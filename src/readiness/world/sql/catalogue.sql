-- What a database's schema consists of: kind, table (or what stands in its place), name, definition; a row a thing. Left out
-- are the order of columns, names the server makes up, and what belongs to an extension.
with own as (
  select oid, nspname from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'
), of_extension as (
  select classid, objid from pg_depend where deptype = 'e'
), relation as (
  select c.oid, c.relkind, c.relowner, c.relacl, c.relrowsecurity, c.relforcerowsecurity, c.relpersistence,
         case when own.nspname = 'public' then c.relname::text else own.nspname || '.' || c.relname end as name
  from pg_class c join own on own.oid = c.relnamespace
  where not exists (select from of_extension f where f.classid = 'pg_class'::regclass and f.objid = c.oid)
)
select 'table', name, '', concat_ws(' ', relkind, relpersistence, case when relrowsecurity then 'row security' end,
       case when relforcerowsecurity then 'forced' end)
from relation where relkind in ('r', 'p', 'v', 'm', 'f', 'c')
union all
select 'privilege', r.name, g.grantee::regrole::text, string_agg(g.privilege_type || case when g.is_grantable then '*' else '' end, ' ' order by g.privilege_type)
from relation r cross join lateral aclexplode(coalesce(r.relacl, acldefault(case r.relkind when 'S' then 's' else 'r' end::"char", r.relowner))) g
where r.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and g.grantee <> r.relowner
group by r.name, g.grantee
union all
select 'column', r.name, a.attname, concat_ws(' ', format_type(a.atttypid, a.atttypmod), case when a.attnotnull then 'not null' end,
       nullif(a.attidentity, ''), nullif(a.attgenerated, ''), 'default ' || pg_get_expr(d.adbin, d.adrelid))
from relation r
join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
left join pg_attrdef d on d.adrelid = r.oid and d.adnum = a.attnum
where r.relkind in ('r', 'p', 'v', 'm', 'f', 'c')
union all
select 'constraint', r.name, o.conname, pg_get_constraintdef(o.oid)
from relation r join pg_constraint o on o.conrelid = r.oid where o.contype <> 'n'
union all
select 'index', r.name, i.relname, pg_get_indexdef(x.indexrelid)
from relation r join pg_index x on x.indrelid = r.oid join pg_class i on i.oid = x.indexrelid
where not exists (select from pg_constraint o where o.conindid = x.indexrelid and o.conrelid = r.oid)
union all
select 'trigger', r.name, t.tgname, pg_get_triggerdef(t.oid)
from relation r join pg_trigger t on t.tgrelid = r.oid where not t.tgisinternal
union all
select 'policy', r.name, p.polname, concat_ws(' ', p.polcmd, p.polpermissive::text, array(select unnest(p.polroles)::regrole::text order by 1)::text,
       pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
from relation r join pg_policy p on p.polrelid = r.oid
union all
select 'view', r.name, '', pg_get_viewdef(r.oid) from relation r where r.relkind in ('v', 'm')
union all
select 'sequence', r.name, '', concat_ws(' ', format_type(s.seqtypid, null), s.seqincrement, s.seqmin, s.seqmax, s.seqcycle)
from relation r join pg_sequence s on s.seqrelid = r.oid
union all
select 'function', own.nspname || '.' || p.proname, pg_get_function_identity_arguments(p.oid),
       case when p.prokind in ('f', 'p') then pg_get_functiondef(p.oid) else p.prokind::text end
from pg_proc p join own on own.oid = p.pronamespace
where not exists (select from of_extension f where f.classid = 'pg_proc'::regclass and f.objid = p.oid)
union all
select 'type', own.nspname || '.' || t.typname, '', case t.typtype
         when 'e' then (select string_agg(quote_literal(e.enumlabel), ', ' order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid)
         else concat_ws(' ', format_type(t.typbasetype, t.typtypmod), case when t.typnotnull then 'not null' end, t.typdefault,
                        (select string_agg(pg_get_constraintdef(o.oid), ' ' order by o.conname) from pg_constraint o where o.contypid = t.oid and o.contype <> 'n')) end
from pg_type t join own on own.oid = t.typnamespace
where t.typtype in ('e', 'd') and not exists (select from of_extension f where f.classid = 'pg_type'::regclass and f.objid = t.oid)
union all
select 'schema', nspname, '', '' from own where nspname <> 'public'
order by 1, 2, 3
