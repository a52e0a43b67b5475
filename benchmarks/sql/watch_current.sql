-- Record every snapshot that a space's pointer moves to, in the transaction that moves it.
create table if not exists public.current_moves (
  number bigint generated always as identity primary key,
  space_schema text not null,
  as_of timestamptz
);

create or replace function public.note_current_move() returns trigger
language plpgsql as $$
begin
  insert into public.current_moves (space_schema, as_of) values (tg_table_schema, new.as_of);
  return new;
end
$$;

create trigger note_current_move after update on current_snapshot
for each row execute function public.note_current_move();
