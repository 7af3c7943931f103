-- ERP耗时毫秒
-- +goose Up
ALTER TABLE api_call_logs ADD COLUMN erp_time_ms INT NULL;
