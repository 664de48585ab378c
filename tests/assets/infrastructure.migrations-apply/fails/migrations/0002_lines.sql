create table order_lines (
  order_id integer not null references "order" (id),
  article  text not null,
  amount   integer not null check (amount > 0)
);

create index order_lines_by_article on order_lines (article);
