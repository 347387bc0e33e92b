-- Vectors are searched inside the program (retrieval/near.go), which found more
-- and was faster on the same corpus than the HNSW index, with and without a
-- scope; the index only cost memory and slowed imports. See decision 027.
-- +goose Up
-- +goose StatementBegin
do $$
declare name text;
begin
  for name in select indexname from pg_indexes where schemaname = 'public' and tablename = 'passage_vector' and indexname like 'passage\_vector\_hnsw\_%'
  loop
    execute format('drop index public.%I', name);
  end loop;
end $$;
-- +goose StatementEnd

-- +goose Down
select 1;
