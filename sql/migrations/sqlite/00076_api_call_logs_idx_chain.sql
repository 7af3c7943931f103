-- +goose Up
CREATE INDEX api_call_logs_idx_chain ON api_call_logs (chain_id, chain_seq, called_at, log_id);
