-- +goose Up
CREATE INDEX message_logs_idx_wx_msg_accepted ON message_logs (wx_msg_id, accepted_at, msg_id);
