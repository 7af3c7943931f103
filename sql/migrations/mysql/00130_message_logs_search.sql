-- One index per question an admin asks, each ending in the order of the answer (accepted_at, msg_id), as in 00070.
-- idx_openid_accepted also finds what is to be exported or forgotten of one person.
-- +goose Up
ALTER TABLE message_logs
    ADD INDEX idx_accepted (accepted_at, msg_id),
    ADD INDEX idx_status_accepted (msg_status, accepted_at, msg_id),
    ADD INDEX idx_openid_accepted (openid, accepted_at, msg_id),
    ADD INDEX idx_template_accepted (template_id, accepted_at, msg_id),
    ADD INDEX idx_template_status_accepted (template_id, msg_status, accepted_at, msg_id),
    ADD INDEX idx_sender_accepted (sender, accepted_at, msg_id),
    ADD INDEX idx_wx_msg_accepted (wx_msg_id, accepted_at, msg_id);
