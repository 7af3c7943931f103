-- 微信错误码（0为无）
-- +goose Up
ALTER TABLE message_logs ADD COLUMN err_code INT NULL;
