-- +goose Up
CREATE INDEX message_logs_idx_accepted ON message_logs (accepted_at, msg_id);
