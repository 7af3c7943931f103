-- +goose Up
CREATE INDEX message_logs_idx_sender_accepted ON message_logs (sender, accepted_at, msg_id);
