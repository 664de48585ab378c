-- The store of the assistant. Who may read which document is policies/assistant.cedar; this is what it compiles to.
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

alter table document enable row level security;
alter table document force row level security;

drop policy if exists customers_read_what_is_for_customers on document;
create policy customers_read_what_is_for_customers on document for select
  using (audience = 'customer' and current_setting('assistant.reader', true) = 'customer');

drop policy if exists operators_read_everything on document;
create policy operators_read_everything on document for select
  using (current_setting('assistant.reader', true) = 'operator');

drop policy if exists loader_writes on document;
create policy loader_writes on document for all
  using (current_setting('assistant.reader', true) = 'loader')
  with check (current_setting('assistant.reader', true) = 'loader');
