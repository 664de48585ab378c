-- One row for each membership: the role, the member, whether the member has the role's rights by itself, may take it on by
-- SET ROLE, may give it to others. Before PostgreSQL 16 the first is a property of the member, and the second always so.
select
  role.rolname::text,
  member.rolname::text,
  bool_or(coalesce((to_jsonb(given) ->> 'inherit_option')::boolean, member.rolinherit)),
  bool_or(coalesce((to_jsonb(given) ->> 'set_option')::boolean, true)),
  bool_or(given.admin_option)
from pg_auth_members given
join pg_roles role on role.oid = given.roleid
join pg_roles member on member.oid = given.member
group by 1, 2
order by 1, 2;
