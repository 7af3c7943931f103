-- +goose Up
CREATE INDEX erp_writes_idx_session_id ON erp_writes (session_id);
