-- +goose Up
CREATE INDEX message_logs_idx_status_accepted ON message_logs (msg_status, accepted_at, msg_id);
