-- +goose Up
CREATE INDEX api_call_logs_idx_api_endpoint ON api_call_logs (api_endpoint);
