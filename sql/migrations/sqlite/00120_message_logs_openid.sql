-- 接收者openid（脱敏后的代号，注销后清空）
-- +goose Up
ALTER TABLE message_logs ADD COLUMN openid VARCHAR(64) NULL;
