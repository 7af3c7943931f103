-- +goose Up
CREATE INDEX message_logs_idx_openid_accepted ON message_logs (openid, accepted_at, msg_id);
