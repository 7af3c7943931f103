-- +goose Up
CREATE INDEX api_call_logs_idx_called_at ON api_call_logs (called_at);
