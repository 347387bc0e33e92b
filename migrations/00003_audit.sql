-- The audit log: an append-only Merkle tree in two tables, and the checkpoints
-- signed over it. Nobody but the owner can change or remove a row, and whoever
-- does is named by `advisor audit verify` against a checkpoint kept elsewhere.
-- +goose Up
create table audit_leaf (
  seq bigint primary key check (seq >= 0),
  -- The exact bytes that were hashed. Text, not jsonb: jsonb would reorder them.
  body text not null check (length(body) > 0)
);
create table audit_node (
  -- tlog's stored-hash order: the hashes appear in the order in which they become known.
  idx bigint primary key check (idx >= 0),
  hash bytea not null check (octet_length(hash) = 32)
);
create table audit_checkpoint (
  size bigint primary key check (size > 0),
  note text not null,
  at timestamptz not null
);

alter table audit_leaf enable row level security;
alter table audit_node enable row level security;
alter table audit_checkpoint enable row level security;
create policy audit_leaf_read on audit_leaf for select to advisor_app using ((select acting()) is not null);
create policy audit_leaf_append on audit_leaf for insert to advisor_app with check ((select acting()) is not null);
create policy audit_node_read on audit_node for select to advisor_app using ((select acting()) is not null);
create policy audit_node_append on audit_node for insert to advisor_app with check ((select acting()) is not null);
create policy audit_checkpoint_read on audit_checkpoint for select to advisor_app using ((select acting()) is not null);
create policy audit_leaf_auditor on audit_leaf for select to advisor_auditor using (true);
create policy audit_node_auditor on audit_node for select to advisor_auditor using (true);
create policy audit_checkpoint_auditor on audit_checkpoint for select to advisor_auditor using (true);

grant select, insert on audit_leaf, audit_node to advisor_app, advisor_worker;
grant select on audit_checkpoint to advisor_app;
grant select, insert on audit_checkpoint to advisor_worker;
grant select on audit_leaf, audit_node, audit_checkpoint to advisor_auditor;

-- +goose Down
drop table audit_checkpoint, audit_node, audit_leaf;
