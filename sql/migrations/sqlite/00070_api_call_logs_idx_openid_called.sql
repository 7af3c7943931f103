-- +goose Up
CREATE INDEX api_call_logs_idx_openid_called ON api_call_logs (openid, called_at, log_id);
