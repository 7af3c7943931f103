-- +goose Up
CREATE INDEX erp_bindings_idx_session_id ON erp_bindings (session_id);
