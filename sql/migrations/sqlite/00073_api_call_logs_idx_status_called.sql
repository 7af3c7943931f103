-- +goose Up
CREATE INDEX api_call_logs_idx_status_called ON api_call_logs (response_status, called_at, log_id);
