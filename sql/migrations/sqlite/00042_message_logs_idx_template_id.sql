-- +goose Up
CREATE INDEX message_logs_idx_template_id ON message_logs (template_id);
