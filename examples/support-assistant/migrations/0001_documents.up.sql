-- The store of the assistant; nothing here changes what is there already. Who may read which document is policies/assistant.cedar; this is what it compiles to.
create extension if not exists vector;

create table if not exists document (
  id        text primary key,
  title     text not null,
  section   text not null,
  url       text not null,
  audience  text not null check (audience in ('customer', 'operator')),
  body      text not null,
  sha256    text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  licence   text not null,
  model     text not null,
  embedding vector(384) not null
);

-- A role for each reader, named after the database, since roles are shared by all databases of a server. The assistant
-- takes on one of them for each question; none of them may write.
do $$
declare
  reader text;
begin
  foreach reader in array array[current_database() || '_customer', current_database() || '_operator'] loop
    if not exists (select from pg_roles where rolname = reader) then
      execute format('create role %I nologin', reader);
      execute format('grant %I to current_user', reader);
    end if;
    execute format('grant select on document to %I', reader);
  end loop;
end
$$;

alter table document enable row level security;

drop policy if exists customers_read_what_is_for_customers on document;
create policy customers_read_what_is_for_customers on document for select
  using (audience = 'customer');

drop policy if exists operators_read_everything on document;
create policy operators_read_everything on document for select
  using (current_user = current_database() || '_operator');
