-- +goose Up
CREATE INDEX api_call_logs_idx_session_called ON api_call_logs (session_id, called_at, log_id);
