-- +goose Up
CREATE INDEX message_logs_idx_sent_at ON message_logs (sent_at);
