-- +goose Up
CREATE INDEX api_call_logs_idx_session_id ON api_call_logs (session_id);
