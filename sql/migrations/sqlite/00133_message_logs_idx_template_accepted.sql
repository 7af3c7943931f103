-- +goose Up
CREATE INDEX message_logs_idx_template_accepted ON message_logs (template_id, accepted_at, msg_id);
