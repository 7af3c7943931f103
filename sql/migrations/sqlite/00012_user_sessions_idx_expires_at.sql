-- +goose Up
CREATE INDEX user_sessions_idx_expires_at ON user_sessions (expires_at);
