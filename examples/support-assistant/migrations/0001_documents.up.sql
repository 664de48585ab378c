-- The store of the assistant; nothing here changes what is there already. Who may read which document is policies/assistant.cedar; this is what it compiles to.
create extension if not exists vector;

create table if not exists document (
  id        text primary key,
  title     text not null,
  section   text not null,
  url       text not null,
  audience  text not null check (audience in ('customer', 'partner', 'operator')),
  body      text not null,
  sha256    text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  licence   text not null,
  model     text not null,
  embedding vector(384) not null
);

create index if not exists document_by_embedding on document using hnsw (embedding vector_cosine_ops);

-- A role for each kind of reader, and one that loads. The assistant's own role has the rights of none of them: it takes on
-- one for each question, and without one it is shown nothing, though it owns the table.
do $$
declare
  part text;
begin
  foreach part in array array['assistant_operator', 'assistant_customer', 'assistant_partner', 'assistant_loader'] loop
    if not exists (select from pg_roles where rolname = part) then
      execute format('create role %I nologin', part);
      execute format('grant %I to current_user with inherit false, set true', part);
    end if;
  end loop;
end
$$;

alter table document enable row level security;
alter table document force row level security;

drop policy if exists operators_read_everything on document;
create policy operators_read_everything on document for select to assistant_operator
  using (true);

drop policy if exists customers_read_what_is_for_customers on document;
create policy customers_read_what_is_for_customers on document for select to assistant_customer
  using (audience = 'customer');

drop policy if exists partners_read_what_is_for_partners on document;
create policy partners_read_what_is_for_partners on document for select to assistant_partner
  using (audience = 'partner');

drop policy if exists the_loader_puts_documents on document;
create policy the_loader_puts_documents on document for insert to assistant_loader
  with check (true);

drop policy if exists the_loader_clears_documents on document;
create policy the_loader_clears_documents on document for delete to assistant_loader
  using (true);

grant select on document to assistant_operator, assistant_customer, assistant_partner;
grant insert, delete on document to assistant_loader;
