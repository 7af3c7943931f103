-- +goose Up
CREATE INDEX user_sessions_idx_openid ON user_sessions (openid);
