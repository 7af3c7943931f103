-- +goose Up
CREATE INDEX api_call_logs_idx_endpoint_status_called ON api_call_logs (api_endpoint, response_status, called_at, log_id);
