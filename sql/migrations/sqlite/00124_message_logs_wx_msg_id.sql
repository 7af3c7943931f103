-- 微信消息ID
-- +goose Up
ALTER TABLE message_logs ADD COLUMN wx_msg_id VARCHAR(32) NULL;
