-- +goose Up
CREATE INDEX api_call_logs_idx_endpoint_called ON api_call_logs (api_endpoint, called_at, log_id);
