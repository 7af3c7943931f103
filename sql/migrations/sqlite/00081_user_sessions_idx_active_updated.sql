-- +goose Up
CREATE INDEX user_sessions_idx_active_updated ON user_sessions (is_active, updated_at);
