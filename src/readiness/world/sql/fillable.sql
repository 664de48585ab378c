-- Every table that rows can be put into, as one JSON object: its columns with what a value of each has to be, its primary key,
-- what its columns refer to, and its checks.
select jsonb_build_object(
  'schema', n.nspname,
  'name', c.relname,
  'columns', (
    select jsonb_agg(jsonb_build_object(
      'name', a.attname,
      'type', format_type(a.atttypid, a.atttypmod),
      'base', b.typname,
      'modifier', case when t.typtype = 'd' then t.typtypmod else a.atttypmod end,
      'labels', (select jsonb_agg(e.enumlabel order by e.enumsortorder) from pg_enum e where e.enumtypid in (b.oid, b.typelem)),
      'element', case when b.typcategory = 'A' then (select x.typname from pg_type x where x.oid = b.typelem) end,
      'needed', a.attnotnull or t.typnotnull,
      'default', a.atthasdef,
      'counted', pg_get_expr(d.adbin, d.adrelid) like 'nextval(%' or a.attidentity <> '',
      'made', a.attidentity = 'a' or a.attgenerated <> ''
    ) order by a.attnum)
    from pg_attribute a
    join pg_type t on t.oid = a.atttypid
    join pg_type b on b.oid = case when t.typtype = 'd' then t.typbasetype else t.oid end
    left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  ),
  'key', (
    select jsonb_agg(a.attname order by u.place)
    from pg_index i cross join lateral unnest(i.indkey::smallint[]) with ordinality as u (number, place)
    join pg_attribute a on a.attrelid = i.indrelid and a.attnum = u.number
    where i.indrelid = c.oid and i.indisprimary
  ),
  'refers', (
    select jsonb_agg(jsonb_build_object(
      'schema', rn.nspname, 'name', r.relname,
      'columns', (select jsonb_agg(a.attname order by u.place) from unnest(o.conkey) with ordinality as u (number, place)
                  join pg_attribute a on a.attrelid = o.conrelid and a.attnum = u.number),
      'to', (select jsonb_agg(a.attname order by u.place) from unnest(o.confkey) with ordinality as u (number, place)
             join pg_attribute a on a.attrelid = o.confrelid and a.attnum = u.number)))
    from pg_constraint o join pg_class r on r.oid = o.confrelid join pg_namespace rn on rn.oid = r.relnamespace
    where o.conrelid = c.oid and o.contype = 'f' and o.conparentid = 0
  ),
  'checks', (
    select jsonb_agg(jsonb_build_object(
      'name', o.conname, 'text', pg_get_constraintdef(o.oid),
      'columns', (select jsonb_agg(a.attname) from unnest(o.conkey) as u (number)
                  join pg_attribute a on a.attrelid = o.conrelid and a.attnum = u.number)))
    from pg_constraint o where o.conrelid = c.oid and o.contype = 'c'
  )
)::text
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and not c.relispartition and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
  and not exists (select from pg_depend e where e.classid = 'pg_class'::regclass and e.objid = c.oid and e.deptype = 'e')
order by n.nspname, c.relname
