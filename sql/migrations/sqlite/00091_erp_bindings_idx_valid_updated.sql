-- +goose Up
CREATE INDEX erp_bindings_idx_valid_updated ON erp_bindings (is_valid, updated_at);
