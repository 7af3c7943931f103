-- +goose Up
CREATE INDEX api_call_logs_idx_request_called ON api_call_logs (request_id, called_at, log_id);
