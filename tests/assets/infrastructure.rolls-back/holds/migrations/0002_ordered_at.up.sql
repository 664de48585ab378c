alter table orders rename column placed to ordered_at;
alter table orders add column note text;
