-- +goose Up
CREATE INDEX message_logs_idx_template_status_accepted ON message_logs (template_id, msg_status, accepted_at, msg_id);
