-- +goose Up
CREATE INDEX message_logs_idx_session_id ON message_logs (session_id);
